//! Payloads: one JSON value each, checked and compacted at the edge.
