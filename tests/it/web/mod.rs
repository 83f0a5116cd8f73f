//! The page and the API, asked over real sockets as a browser or a program asks.

mod apps;
mod badges;
mod beats;
mod bed;
mod changes;
mod channels;
mod entering;
mod figures;
mod first_minute;
mod fuzzing;
mod guarding;
mod history;
mod incidents;
mod machines;
mod maintenance;
mod program;
mod project;
mod projects;
mod rules;
mod settings;
mod status_pages;
