//! In a program that was built without single sign-on there is no issuer: none can be made, and so none is ever asked.

use std::future::Ready;

use reqwest::Client;
use url::Url;

use super::{NotBuiltIn, Pending, RejectionReason};
use crate::clock::Clock;
use crate::model::{SignOn, UserName};

/// No issuer.
#[derive(Debug)]
pub enum Issuer {}

impl Issuer {
    /// Makes none.
    ///
    /// # Errors
    /// [`NotBuiltIn`], always.
    pub fn new(_: &SignOn, _: String, _: Clock) -> Result<Self, NotBuiltIn> {
        Err(NotBuiltIn)
    }

    /// Nobody calls this: there is no issuer.
    pub fn begin(&self, _: &Client) -> Ready<Result<(Url, Pending), RejectionReason>> {
        match *self {}
    }

    /// Nobody calls this: there is no issuer.
    pub fn end(&self, _: &Client, _: &str, _: Pending) -> Ready<Result<UserName, RejectionReason>> {
        match *self {}
    }
}
