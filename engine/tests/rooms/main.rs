//! Stories about rooms: order, repetition, rights, failures, sleep. Each runs on a real SQLite store in a folder of its own.

mod hooks;
mod kit;
mod order;
mod rate;
mod repeats;
mod sleep;
mod stall;
mod supervision;
mod verbs;
