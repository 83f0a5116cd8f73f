//! Servers of the test's own that are no proxies: they close, reset, keep silent, break off, or say one thing to everybody.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::situations::Raw;
use crate::support::scripted::{Act, always};

/// Starts one; it ends with the test's runtime.
pub(super) async fn start(raw: Raw) -> SocketAddr {
    match raw {
        Raw::Closes => always(|| Act::Close(String::new())).await.address(),
        Raw::Silent => always(|| Act::Silence).await.address(),
        Raw::BreaksOff => {
            let begins = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4711\r\n\r\n{\"status\":";
            always(|| Act::Close(begins.to_owned())).await.address()
        }
        Raw::Says(answer) => {
            let answer = whole(answer);
            always(move || Act::Answer(answer.clone())).await.address()
        }
        Raw::Resets => {
            // Lingering for no time is how a reset is made.
            each(|stream| drop(stream.set_zero_linger())).await
        }
        Raw::Ssh => {
            each(|mut stream| {
                tokio::spawn(async move {
                    stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n").await.ok()?;
                    let mut said = [0; 512];
                    let _ = stream.read(&mut said).await.ok()?;
                    stream.write_all(b"Invalid SSH identification string.\r\n").await.ok()
                });
            })
            .await
        }
    }
}

/// `200 OK`, headers, an empty line and a body, as an answer with its length.
pub(super) fn whole(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn each(meet: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            meet(stream);
        }
    });
    address
}

/// Leads to `upstream`, on connections that say that they last and are cut when a second request comes.
pub(super) async fn cuts(upstream: SocketAddr) -> SocketAddr {
    each(move |stream| drop(tokio::spawn(serve_one(stream, upstream)))).await
}

async fn serve_one(mut client: TcpStream, upstream: SocketAddr) -> Option<()> {
    let mut server = TcpStream::connect(upstream).await.ok()?;
    let (mut asked, mut said) = (vec![0; 65536], vec![0; 65536]);
    let mut answered = false;
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let length = length.ok().filter(|length| *length > 0 && !answered)?;
                server.write_all(&asked[..length]).await.ok()?;
            }
            length = server.read(&mut said) => {
                let length = length.ok().filter(|length| *length > 0)?;
                client.write_all(&said[..length]).await.ok()?;
                answered = true;
            }
        }
    }
}

/// A name server that says of every name that it does not exist.
pub(super) async fn nameserver() -> SocketAddr {
    const NO_SUCH_NAME: u8 = 3;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut question).await {
            let answer = &mut question[..length];
            if let Some([_, _, flags, code, ..]) = answer.get_mut(..12) {
                *flags |= 0x80;
                *code = 0x80 | NO_SUCH_NAME;
                let _ = socket.send_to(answer, from).await;
            }
        }
    });
    address
}
