//! Request bodies: their size and their compression.

use std::io::{self, Read};

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// The largest accepted body, before and after decompression, in bytes.
pub(super) const LARGEST: usize = 20 * 1024 * 1024;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The first byte of a zlib stream with the default 32 KiB window.
const ZLIB_FIRST: u8 = 0x78;

#[derive(Debug, thiserror::Error)]
pub(super) enum BadBody {
    #[error("Request body exceeds limit of {LARGEST} bytes")]
    TooLarge,
    #[error("{0}")]
    Undecodable(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

pub(super) async fn read(body: Body) -> Result<Bytes, BadBody> {
    to_bytes(body, LARGEST).await.map_err(|why| {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&why);
        while let Some(error) = source {
            if error.is::<http_body_util::LengthLimitError>() {
                return BadBody::TooLarge;
            }
            source = error.source();
        }
        BadBody::Undecodable(why.to_string())
    })
}

pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP_MAGIC)
}

pub(super) fn unpack(bytes: &[u8], encoding: Encoding) -> Result<Vec<u8>, BadBody> {
    match encoding {
        Encoding::Gzip => drain(MultiGzDecoder::new(bytes)),
        // `deflate` means zlib (RFC 9110). Some clients send raw deflate, and capture accepts both.
        Encoding::Deflate if bytes.first() == Some(&ZLIB_FIRST) => drain(ZlibDecoder::new(bytes)),
        Encoding::Deflate => drain(DeflateDecoder::new(bytes)),
        Encoding::Brotli => drain(brotli_decompressor::Decompressor::new(bytes, 4096)),
        Encoding::Zstd => drain(zstd::Decoder::new(bytes).map_err(|why| undecodable(&why))?),
    }
}

/// Reads at most [`LARGEST`] bytes, so that a small body cannot decompress to a huge one.
fn drain(packed: impl Read) -> Result<Vec<u8>, BadBody> {
    let mut unpacked = Vec::new();
    packed.take(LARGEST as u64 + 1).read_to_end(&mut unpacked).map_err(|why| undecodable(&why))?;
    if unpacked.len() > LARGEST { Err(BadBody::TooLarge) } else { Ok(unpacked) }
}

fn undecodable(why: &io::Error) -> BadBody {
    BadBody::Undecodable(why.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_is_not_packed_so_is_refused_in_words() {
        for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd] {
            assert!(matches!(unpack(b"{\"not\": \"packed\"}", encoding), Err(BadBody::Undecodable(_))), "{encoding:?}");
        }
    }

    #[test]
    fn a_body_that_unpacks_beyond_the_limit_is_too_large() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&vec![0; LARGEST + 1]).unwrap();
        assert!(matches!(unpack(&packed.finish().unwrap(), Encoding::Gzip), Err(BadBody::TooLarge)));
    }

    #[test]
    fn deflate_is_taken_with_and_without_its_wrapper() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"hello").unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(b"hello").unwrap();
        for packed in [zlib.finish().unwrap(), raw.finish().unwrap()] {
            assert_eq!(unpack(&packed, Encoding::Deflate).unwrap(), b"hello");
        }
    }
}
