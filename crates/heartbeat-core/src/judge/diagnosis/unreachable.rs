//! No usable answer: where the way ended, and what stood in it.

use super::way::capital;
use crate::model::{Address, AnsweredBy, Diagnosis, Obstacle, Phase, Place};

/// What it means that the way to this address ended in this phase, in these words.
#[must_use]
pub fn unreachable(address: Option<Address>, at: Phase, obstacle: Obstacle, words: &str) -> Diagnosis {
    let place = address.as_ref().map_or_else(|| "the host".to_owned(), ToString::to_string);
    let name = address.as_ref().map_or_else(String::new, |address| address.host.clone());
    let found = match (obstacle, at) {
        (Obstacle::OutOfMeans, _) => Diagnosis::at(Place::Heartbeat, format!("This machine has no means left to connect: {words}"))
            .advised(
                "Heartbeat or its machine is short of descriptors, memory, disk space or local ports. Raise the limit of open files (LimitNOFILE= or ulimit -n), \
                 or free what is short, and see what else uses it. This says nothing about PostHog.",
            ),
        (_, Phase::Dns) => Diagnosis::at(Place::Dns, format!("The name {name} cannot be resolved: {words}"))
            .advised(format!("Check the host's spelling, and ask the name server of this machine: getent hosts {name}")),
        (_, Phase::ForwardProxy) => Diagnosis::at(Place::ForwardProxy, capital(words))
            .advised("Check the address in that variable (or its lower-case form), or exempt this host from the proxy with NO_PROXY."),
        (_, Phase::Connect) => Diagnosis::at(Place::Connect, format!("No connection to {place}: {words}")).advised(
            "Check the port, whether the service runs there, and the firewalls between; from this machine: curl -v with the same address.",
        ),
        (obstacle, Phase::Tls) => {
            Diagnosis::at(Place::Tls, format!("TLS with {place} fails: {words}")).advised(tls_advice(obstacle, address.as_ref()))
        }
        (obstacle, Phase::Send | Phase::Answer) => no_answer(&place, obstacle, words),
    };
    Diagnosis { answered_by: AnsweredBy::Nobody, address, ..found }
}

fn no_answer(place: &str, obstacle: Obstacle, words: &str) -> Diagnosis {
    let found = Diagnosis::at(Place::NoAnswer, format!("{place} takes the connection and gives no whole answer: {words}"));
    found.advised(match obstacle {
        Obstacle::NotHttp => "Check the port: what listens there is not a web server.",
        Obstacle::TimedOut => {
            "Look at what stands first on the way (proxy, firewall, load balancer): it holds the request, or what is behind it does. Its own log says which."
        }
        Obstacle::Truncated => "What is behind the proxy breaks off in its answer: look at the log of the proxy, then at that of PostHog's capture.",
        _ => "Something closes the connection on purpose, or crashes: look at the log of what listens there (nginx: return 444, HAProxy: silent-drop or reject).",
    })
}

fn tls_advice(obstacle: Obstacle, address: Option<&Address>) -> String {
    let target = address.map_or_else(|| "HOST:443".to_owned(), |address| format!("{}:{}", address.host, address.port));
    let readback = format!("Look at it with: openssl s_client -connect {target} -showcerts");
    match obstacle {
        Obstacle::Expired => format!("Renew the certificate, and reload the server that uses it. {readback}"),
        Obstacle::NotYetValid => format!("Compare the clocks of this machine and of whoever made the certificate. {readback}"),
        Obstacle::WrongName => format!("Use the name that the certificate is for, or add this name to it (subjectAltName). {readback}"),
        Obstacle::SelfSigned => {
            format!("Use a certificate of a known authority, or add this one to the machine's store (update-ca-certificates). {readback}")
        }
        Obstacle::IncompleteChain => format!(
            "Configure the server with the full chain (nginx: ssl_certificate fullchain.pem), not the leaf alone; if the issuer is your own authority, add \
             its certificate to the machine's store (update-ca-certificates). {readback}"
        ),
        Obstacle::PrivateAuthority => format!(
            "If the authority is your own, add its certificate to the machine's store (update-ca-certificates); or name a file in SSL_CERT_FILE that holds \
             it beside all others that are trusted, since that variable replaces the store. {readback}"
        ),
        Obstacle::OldTls => format!("Allow TLS 1.2 and 1.3 on the server (nginx: ssl_protocols TLSv1.2 TLSv1.3;). {readback}"),
        Obstacle::ClientCertificate => "Exempt PostHog's paths from client certificates: applications in browsers have none.".to_owned(),
        Obstacle::NotTls => "Write http:// in the host if this port is meant; or give the port that speaks TLS.".to_owned(),
        _ => readback,
    }
}
