//! Why the settings of the network cannot be used.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Names the variable; the value is not quoted, as it may hold a password.
    #[error(
        "{0} is not a valid proxy URL: give `http://host:port` or `https://host:port`, with `user:password@` before the host if the proxy requires them"
    )]
    Proxy(&'static str),
    #[error("the private CA certificate cannot be used: {0}")]
    Root(String),
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}
