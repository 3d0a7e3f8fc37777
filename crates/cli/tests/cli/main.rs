//! The `kinora` program from outside, as its users and their scripts meet it.

mod again;
mod bench;
mod direct;
#[cfg(unix)]
mod disk;
mod enhance;
mod generate;
mod inputs;
mod kills;
mod models;
mod places;
mod probe;
mod serve;
mod studio;
mod styles;
mod support;
mod tools;
