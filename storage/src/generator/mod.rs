//! Data for measurements and tests: the messages of an office and of an event's audience, files, edits, people. The same seed
//! gives the same data.
//!
//! Words follow Zipf's law, as they do in real texts: a few hundred everyday ones (listed) make most of a message, the long
//! tail is made of syllables with the endings of its language. Lengths are skewed: most messages are short, a few
//! are pages. Nothing here is picked for what it measures; only examples, benches and tests use it.

mod log;
mod names;
mod random;
mod texts;
mod words;

pub use log::LogWriter;
pub use names::People;
pub use random::Random;
pub use texts::{Shape, Texts};
pub use words::{Language, VOCABULARY_WORDS, word};
