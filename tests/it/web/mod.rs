//! The page and the API, asked over real sockets as a browser or a program asks.

mod apps;
mod bed;
mod changes;
mod channels;
mod entering;
mod first_minute;
mod guarding;
mod incidents;
mod machines;
mod program;
mod projects;
mod settings;
mod status_pages;
