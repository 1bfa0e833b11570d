//! Whole runs against a server that does right or wrong on purpose.

mod chats;
mod kit;
mod members;
mod storm;
mod streams;
mod trouble;
mod verdict;
