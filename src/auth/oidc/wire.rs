//! HTTP requests to an issuer, without redirects and with bounds on time and size.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Client;
use url::Url;

use crate::clock::Clock;
use crate::model::{IssuerAddress, innermost};

/// A user is waiting in a browser.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes; keys take some kilobytes.
const LARGEST: usize = 256 * 1024;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoAnswer(String);

/// Uses the shared HTTP client, which follows no redirects and trusts this machine's certificates.
pub(super) struct Wire {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) issuer: IssuerAddress,
}

impl<'w> AsyncHttpClient<'w> for Wire {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'w>>;

    fn call(&'w self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl Wire {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let limit = self.clock.in_real(LIMIT);
        let asked = self.clock.timeout(limit, self.exchange(request)).await;
        asked.unwrap_or_else(|elapsed| Err(NoAnswer(elapsed.to_string())))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).ok().filter(|url| self.issuer.may_name(url));
        let url = url.ok_or_else(|| NoAnswer("the URL is not allowed: it must begin with https://".to_owned()))?;
        let request = self.client.request(head.method, url).headers(head.headers).body(body);
        let mut response = request.send().await.map_err(no_answer)?;
        let mut read = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(no_answer)? {
            if read.len() + bytes.len() > LARGEST {
                return Err(NoAnswer(format!("its answer is larger than {} kB", LARGEST / 1024)));
            }
            read.extend_from_slice(&bytes);
        }
        let mut answer = HttpResponse::new(read);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }
}

/// Where it failed, and the innermost reason. Without the URL: the message names the issuer.
fn no_answer(wrong: reqwest::Error) -> NoAnswer {
    let wrong = wrong.without_url();
    let at = if wrong.is_connect() { "no connection" } else { "no answer" };
    NoAnswer(format!("{at} ({})", innermost(&wrong)))
}
