//! One way to write JSON and MessagePack, which share all field names: each message is described once, for both.

use std::io::Write;

use crate::payload::{INTEGER_MAX, Payload, append_json_str, msgpack};

/// Where a map of fields began. MessagePack counts its fields there.
pub(super) struct Head(usize);

/// Something that writes a document from its beginning to its end.
pub(super) trait Document {
    /// Begins a map of at most 15 fields.
    fn open(&mut self) -> Head;
    fn close(&mut self);
    /// The name of the next field.
    fn key(&mut self, map: &Head, name: &'static str);
    fn string(&mut self, text: &str);
    fn integer(&mut self, number: i64);
    fn truth(&mut self, truth: bool);
    fn value(&mut self, payload: &Payload);
    /// Begins a map with names of any kind.
    fn open_entries(&mut self, count: usize);
    fn entry(&mut self, name: &str);
    fn close_entries(&mut self) {
        self.close();
    }
    /// Begins a list; every element is announced by [`Self::element`].
    fn open_list(&mut self, count: usize);
    fn element(&mut self);
    fn close_list(&mut self);

    /// A place in a log. Logs end long before 2^53; nothing above that may be written, whatever a store says.
    fn offset(&mut self, offset: u64) {
        self.integer(offset.min(INTEGER_MAX) as i64);
    }

    // What SDKs take for granted is left out: empty text, zero, false, nothing.

    fn text_field(&mut self, map: &Head, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.key(map, name);
            self.string(text);
        }
    }

    fn integer_field(&mut self, map: &Head, name: &'static str, number: i64) {
        if number != 0 {
            self.key(map, name);
            self.integer(number);
        }
    }

    fn offset_field(&mut self, map: &Head, name: &'static str, offset: u64) {
        if offset != 0 {
            self.key(map, name);
            self.offset(offset);
        }
    }

    fn truth_field(&mut self, map: &Head, name: &'static str, truth: bool) {
        if truth {
            self.key(map, name);
            self.truth(true);
        }
    }

    fn value_field(&mut self, map: &Head, name: &'static str, payload: Option<&Payload>) {
        if let Some(payload) = payload {
            self.key(map, name);
            self.value(payload);
        }
    }
}

/// Compact JSON text.
pub(super) struct Json<'o>(pub(super) &'o mut Vec<u8>);

impl Json<'_> {
    /// A comma, unless the container before it has just begun.
    fn separate(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
    }
}

impl Document for Json<'_> {
    fn open(&mut self) -> Head {
        self.0.push(b'{');
        Head(0)
    }

    fn close(&mut self) {
        self.0.push(b'}');
    }

    fn key(&mut self, _map: &Head, name: &'static str) {
        self.separate();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn string(&mut self, text: &str) {
        append_json_str(text, self.0);
    }

    fn integer(&mut self, number: i64) {
        write!(self.0, "{number}").expect("writing to memory does not fail");
    }

    fn truth(&mut self, truth: bool) {
        self.0.extend_from_slice(if truth { b"true" } else { b"false" });
    }

    fn value(&mut self, payload: &Payload) {
        self.0.extend_from_slice(payload.as_bytes());
    }

    fn open_entries(&mut self, _count: usize) {
        self.0.push(b'{');
    }

    fn entry(&mut self, name: &str) {
        self.separate();
        append_json_str(name, self.0);
        self.0.push(b':');
    }

    fn open_list(&mut self, _count: usize) {
        self.0.push(b'[');
    }

    fn element(&mut self) {
        self.separate();
    }

    fn close_list(&mut self) {
        self.0.push(b']');
    }
}

/// Native MessagePack.
pub(super) struct MessagePack<'o>(pub(super) &'o mut Vec<u8>);

impl Document for MessagePack<'_> {
    fn open(&mut self) -> Head {
        msgpack::append_map(0, self.0);
        Head(self.0.len() - 1)
    }

    fn close(&mut self) {}

    fn key(&mut self, map: &Head, name: &'static str) {
        // The head of a small map carries the count in its low four bits.
        self.0[map.0] += 1;
        debug_assert!(self.0[map.0] <= 0x8f, "no message has more than 15 fields");
        msgpack::append_str(name, self.0);
    }

    fn string(&mut self, text: &str) {
        msgpack::append_str(text, self.0);
    }

    fn integer(&mut self, number: i64) {
        msgpack::append_integer(number, self.0);
    }

    fn truth(&mut self, truth: bool) {
        msgpack::append_bool(truth, self.0);
    }

    fn value(&mut self, payload: &Payload) {
        payload.to_msgpack(self.0);
    }

    fn open_entries(&mut self, count: usize) {
        msgpack::append_map(count, self.0);
    }

    fn entry(&mut self, name: &str) {
        msgpack::append_str(name, self.0);
    }

    fn open_list(&mut self, count: usize) {
        msgpack::append_array(count, self.0);
    }

    fn element(&mut self) {}

    fn close_list(&mut self) {}
}
