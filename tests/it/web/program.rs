//! A program that asks the API with a token of its own.

use heartbeat::model::Role;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use super::bed::TestSite;

/// A program with a token.
pub(crate) struct Program {
    base: String,
    token: String,
    client: Client,
    header: Option<(&'static str, &'static str)>,
}

impl Program {
    /// One that may write.
    pub(crate) async fn of(site: &TestSite) -> Self {
        Self::with_token(site, site.token(Role::Editor).await)
    }

    /// One that may only read.
    pub(crate) async fn reading(site: &TestSite) -> Self {
        Self::with_token(site, site.token(Role::Viewer).await)
    }

    fn with_token(site: &TestSite, token: String) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self { base: format!("http://{}", site.address), token, client, header: None }
    }

    /// Says this once more, with the next request.
    pub(crate) fn with(&mut self, name: &'static str, value: &'static str) -> &mut Self {
        self.header = Some((name, value));
        self
    }

    async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some((name, value)) = self.header.take() {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}")) };
        (status, body)
    }

    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> StatusCode {
        self.ask(Method::DELETE, path, None).await.0
    }
}
