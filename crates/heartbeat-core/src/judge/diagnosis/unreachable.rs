//! No usable response: where the connection ended, and why.

use crate::model::{Address, AnsweredBy, Diagnosis, Obstacle, Phase, Place, capital};

/// Diagnoses a connection to `address` that ended in phase `at`. `words` are the error.
#[must_use]
pub fn unreachable(address: Option<Address>, at: Phase, obstacle: Obstacle, words: &str) -> Diagnosis {
    let place = address.as_ref().map_or_else(|| "the host".to_owned(), ToString::to_string);
    let name = address.as_ref().map_or_else(String::new, |address| address.host.clone());
    let found = match (obstacle, at) {
        (Obstacle::OutOfMeans, _) => Diagnosis::at(Place::Heartbeat, format!("This machine has no resources left to connect: {words}"))
            .advised(
                "Heartbeat or its machine is short of descriptors, memory, disk space or local ports. Raise the limit of open files (LimitNOFILE= or ulimit -n), \
                 or free the resource, and find what else uses it. This says nothing about PostHog.",
            ),
        (_, Phase::Dns) => Diagnosis::at(Place::Dns, format!("The name {name} cannot be resolved: {words}"))
            .advised(format!("Check the host's spelling, and query this machine's name server: getent hosts {name}")),
        (_, Phase::ForwardProxy) => Diagnosis::at(Place::ForwardProxy, capital(words))
            .advised("Check the address in that variable (or its lower-case form), or exempt this host from the proxy with NO_PROXY."),
        (_, Phase::Connect) => Diagnosis::at(Place::Connect, format!("No connection to {place}: {words}")).advised(
            "Check the port, whether the service runs there, and the firewalls in between; from this machine: curl -v with the same address.",
        ),
        (obstacle, Phase::Tls) => {
            Diagnosis::at(Place::Tls, format!("TLS with {place} fails: {words}")).advised(tls_advice(obstacle, address.as_ref()))
        }
        (obstacle, Phase::Send | Phase::Answer) => no_answer(&place, obstacle, words),
    };
    Diagnosis { answered_by: AnsweredBy::Nobody, address, ..found }
}

fn no_answer(place: &str, obstacle: Obstacle, words: &str) -> Diagnosis {
    let found = Diagnosis::at(Place::NoAnswer, format!("{place} accepts the connection but sends no complete response: {words}"));
    found.advised(match obstacle {
        Obstacle::NotHttp => "Check the port: what listens there is not a web server.",
        Obstacle::TimedOut => {
            "Check the first hop (proxy, firewall, load balancer): it, or the server behind it, does not respond. Its log shows which."
        }
        Obstacle::Truncated => "The server behind the proxy cuts its response off: check the log of the proxy, then that of PostHog's capture.",
        _ => "Something closes the connection on purpose, or crashes: check the log of the server that listens there (nginx: return 444, HAProxy: silent-drop or reject).",
    })
}

fn tls_advice(obstacle: Obstacle, address: Option<&Address>) -> String {
    let target = address.map_or_else(|| "HOST:443".to_owned(), |address| format!("{}:{}", address.host, address.port));
    let inspect = format!("Inspect it with: openssl s_client -connect {target} -showcerts");
    match obstacle {
        Obstacle::Expired => format!("Renew the certificate, and reload the server that uses it. {inspect}"),
        Obstacle::NotYetValid => format!("Compare the clocks of this machine and of the certificate's issuer. {inspect}"),
        Obstacle::WrongName => format!("Use the name that the certificate is for, or add this name to it (subjectAltName). {inspect}"),
        Obstacle::SelfSigned => {
            format!("Use a certificate of a known authority, or add this one to the machine's store (update-ca-certificates). {inspect}")
        }
        Obstacle::IncompleteChain => format!(
            "Configure the server with the full chain (nginx: ssl_certificate fullchain.pem), not the leaf alone; if the issuer is your own authority, add \
             its certificate to the machine's store (update-ca-certificates). {inspect}"
        ),
        Obstacle::PrivateAuthority => format!(
            "If the authority is your own, add its certificate to the machine's store (update-ca-certificates); or set SSL_CERT_FILE to a file that contains \
             it and all other trusted ones, because that variable replaces the store. {inspect}"
        ),
        Obstacle::OldTls => format!("Allow TLS 1.2 and 1.3 on the server (nginx: ssl_protocols TLSv1.2 TLSv1.3;). {inspect}"),
        Obstacle::ClientCertificate => "Exempt PostHog's paths from client certificates: applications in browsers have none.".to_owned(),
        Obstacle::NotTls => "Use http:// in the host if this port is intended; or use the port that speaks TLS.".to_owned(),
        _ => inspect,
    }
}
