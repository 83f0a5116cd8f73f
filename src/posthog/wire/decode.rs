//! Decodes bodies that are encoded although not requested: some proxies compress everything.

use std::io::{Cursor, Read};

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// The plain body, up to `most` bytes, and its encoding. A body that cannot be decoded is dropped.
pub(super) fn decoded(headers: &HeaderMap, body: Bytes, most: usize) -> (Bytes, Option<String>) {
    let Some(encoding) = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()) else { return (body, None) };
    let encoding = encoding.trim().to_ascii_lowercase();
    if encoding.is_empty() || encoding == "identity" {
        return (body, None);
    }
    let plain = match encoding.as_str() {
        "gzip" | "x-gzip" => plain(flate2::read::MultiGzDecoder::new(Cursor::new(body)), most),
        "deflate" => plain(flate2::read::ZlibDecoder::new(Cursor::new(body)), most),
        "br" => plain(brotli_decompressor::Decompressor::new(Cursor::new(body), 4096), most),
        "zstd" => zstd::stream::read::Decoder::new(Cursor::new(body)).ok().and_then(|decoder| plain(decoder, most)),
        _ => None,
    };
    (plain.unwrap_or_default(), Some(encoding))
}

/// At most `most` bytes: a small body can expand to a large one.
fn plain(decoder: impl Read, most: usize) -> Option<Bytes> {
    let mut all = Vec::new();
    decoder.take(most as u64).read_to_end(&mut all).ok()?;
    Some(all.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderValue;

    use super::*;

    fn headers(encoding: &'static str) -> HeaderMap {
        [(CONTENT_ENCODING, HeaderValue::from_static(encoding))].into_iter().collect()
    }

    fn gzipped(text: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn a_compressed_body_is_read_and_bounded() {
        assert_eq!(decoded(&headers("gzip"), gzipped(b"{\"status\":\"Ok\"}"), 1000), ("{\"status\":\"Ok\"}".into(), Some("gzip".into())));
        assert_eq!(decoded(&headers("GZIP"), gzipped(&vec![b'a'; 100_000]), 10).0, "aaaaaaaaaa");
        assert_eq!(decoded(&HeaderMap::new(), "plain".into(), 1000), ("plain".into(), None));
        assert_eq!(decoded(&headers("identity"), "plain".into(), 1000), ("plain".into(), None));
    }

    #[test]
    fn what_cannot_be_decoded_is_named_and_never_shown() {
        for (encoding, body) in [("gzip", "no gzip"), ("br", "\u{1}\u{2}no brotli"), ("zstd", "no zstd"), ("deflate", "no"), ("dcb", "new")]
        {
            assert_eq!(decoded(&headers(encoding), body.into(), 1000), (Bytes::new(), Some(encoding.to_owned())));
        }
    }
}
