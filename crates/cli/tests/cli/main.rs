//! The `kinora` program from outside, as its users and their scripts meet it.

mod again;
mod generate;
mod inputs;
mod models;
mod probe;
mod serve;
mod support;
