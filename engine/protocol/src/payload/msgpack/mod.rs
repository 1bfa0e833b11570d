//! MessagePack (<https://github.com/msgpack/msgpack/blob/master/spec.md>) as far as Plenum speaks it: a reader over bytes
//! in memory that never trusts a declared length, and functions that append values in their shortest form.

mod read;
mod write;

pub(crate) use read::{Reader, Token};
pub(crate) use write::{append_array, append_bool, append_double, append_integer, append_map, append_nil, append_str};
