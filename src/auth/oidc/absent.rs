//! Single sign-on in a program that was built without it: an issuer can never be created.

use std::future::Ready;

use reqwest::Client;
use url::Url;

use super::{NotBuiltIn, Pending, RejectionReason};
use crate::clock::Clock;
use crate::model::{SignOn, UserName};

#[derive(Debug)]
pub enum Issuer {}

impl Issuer {
    /// Always fails.
    pub fn new(_: &SignOn, _: String, _: Clock) -> Result<Self, NotBuiltIn> {
        Err(NotBuiltIn)
    }

    pub fn begin(&self, _: &Client) -> Ready<Result<(Url, Pending), RejectionReason>> {
        match *self {}
    }

    pub fn end(&self, _: &Client, _: &str, _: Pending) -> Ready<Result<UserName, RejectionReason>> {
        match *self {}
    }
}
