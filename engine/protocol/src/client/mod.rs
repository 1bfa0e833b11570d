//! The realtime client protocol: commands, replies and pushes, and their encodings.
