//! The studio over HTTP, with the real engine and the embedded model: clips of a second, in two steps.

mod accounts;
mod classes;
mod faults;
mod feed;
mod generate;
mod goes_on;
mod library;
mod limits;
mod load;
mod moderation;
mod outside;
mod ownership;
mod queue;
mod security;
mod settings;
mod support;
mod tools;
mod transfer;
mod v1;
mod webhooks;
