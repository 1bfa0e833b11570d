//! Whole runs against a server that does right or wrong on purpose.

mod kit;
mod streams;
mod trouble;
mod verdict;
