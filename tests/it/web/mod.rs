//! The page and the API, asked over real sockets as a browser or a program asks.

mod bed;
mod entering;
mod first_minute;
mod guarding;
mod incidents;
mod machines;
mod projects;
mod settings;
mod status_pages;
