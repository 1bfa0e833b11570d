//! Texts of messages and names of files.

use bytes::Bytes;

use super::{
    random::Random,
    words::{Language, VOCABULARY_WORDS, word},
};

/// Whose messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A company: Russian mostly, with English words and identifiers, files, long mails now and then.
    Office,
    /// The audience of an event: short, loud, and much the same.
    Event,
}

/// Makes texts.
#[derive(Debug, Clone)]
pub struct Texts {
    random: Random,
    shape: Shape,
}

const CHEERS: [&str; 8] = ["ура", "класс", "браво", "супер", "wow", "lol", "+1", "👏👏👏"];
const FILE_ENDINGS: [&str; 10] = ["pdf", "docx", "xlsx", "pptx", "png", "jpg", "JPG", "zip", "csv", "txt"];

impl Texts {
    /// Texts of this seed.
    pub fn new(seed: u64, shape: Shape) -> Self {
        Self {
            random: Random::new(seed),
            shape,
        }
    }

    fn language(&mut self) -> Language {
        if self.random.happens(0.7) {
            Language::Russian
        } else {
            Language::English
        }
    }

    /// One message.
    pub fn text(&mut self) -> String {
        if self.shape == Shape::Event && self.random.happens(0.3) {
            return (*self.random.pick(&CHEERS)).to_owned();
        }
        let (median, spread) = match self.shape {
            Shape::Office => (8.0, 0.9),
            Shape::Event => (4.0, 0.6),
        };
        let count = self.random.skewed(median, spread).clamp(1.0, 2_000.0) as usize;
        let language = self.language();
        let mut text = String::with_capacity(count * 12);
        for number in 0..count {
            if number > 0 {
                text.push_str(if self.random.happens(0.12) { ", " } else { " " });
            }
            self.push_word(&mut text, language);
        }
        text.push_str(self.random.pick(&["", "", ".", ".", "!", "?", "..."]));
        text
    }

    fn push_word(&mut self, text: &mut String, language: Language) {
        let kind = self.random.below(1_000);
        match kind {
            // A ticket, a number, an address, a link; else a word, now and then of the other language.
            0..8 => text.push_str(&format!(
                "{}-{}",
                self.random.pick(&["PRJ", "OPS", "HR", "ИТ"]),
                self.random.zipf(20_000)
            )),
            8..20 => text.push_str(&self.random.below(100_000).to_string()),
            20..23 => text.push_str(&format!("user{}@example.org", self.random.zipf(5_000))),
            23..26 => text.push_str(&format!("https://example.org/d/{:x}", self.random.number() >> 32)),
            26..60 => {
                let other = if language == Language::Russian {
                    Language::English
                } else {
                    Language::Russian
                };
                text.push_str(&self.any_word(other));
            }
            _ => text.push_str(&self.any_word(language)),
        }
    }

    /// A word as often as it occurs.
    pub fn any_word(&mut self, language: Language) -> String {
        let rank = self.random.zipf(VOCABULARY_WORDS);
        word(language, rank, &mut self.random)
    }

    /// The name of a file.
    pub fn file_name(&mut self) -> String {
        let language = self.language();
        let separator = self.random.pick(&["_", " ", "-", "."]);
        let mut name = String::new();
        for _ in 0..1 + self.random.below(4) {
            name.push_str(&self.any_word(language));
            name.push_str(separator);
        }
        let year = 2015 + self.random.below(12);
        format!("{name}{year}.{}", self.random.pick(&FILE_ENDINGS))
    }

    /// A message's body, with files where it has some.
    pub fn body(&mut self) -> Bytes {
        let content = self.text();
        let share = if self.shape == Shape::Office { 0.05 } else { 0.01 };
        let count = if self.random.happens(share) {
            1 + self.random.below(3)
        } else {
            0
        };
        let attachments: Vec<_> = (0..count)
            .map(|_| serde_json::json!({ "attachment_id": format!("{:x}", self.random.number()), "filename": self.file_name() }))
            .collect();
        Bytes::from(serde_json::json!({ "content": content, "attachments": attachments }).to_string())
    }
}
