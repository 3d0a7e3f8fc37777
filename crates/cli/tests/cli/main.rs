//! The `kinora` program from outside, as its users and their scripts meet it.

mod again;
mod bench;
mod enhance;
mod generate;
mod inputs;
mod models;
mod places;
mod probe;
mod serve;
mod styles;
mod support;
mod tools;
