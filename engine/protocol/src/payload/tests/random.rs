//! Random values for property tests. Every test prints its seed; `PLENUM_TEST_SEED` repeats a run.

use std::fmt::Write;

/// A small generator (splitmix64): good enough for tests, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    /// A generator whose seed stands in the output of a failed test.
    pub(crate) fn seeded(test: &str) -> Self {
        let given = std::env::var("PLENUM_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| getrandom::u64().expect("the operating system gives randomness"));
        eprintln!("{test}: PLENUM_TEST_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Text of up to 40 characters of every width in UTF-8.
    pub(crate) fn text(&mut self) -> String {
        const CHARACTERS: &[char] = &[
            'a', '"', '\\', '/', '\n', '\0', '\u{1f}', '\u{7f}', 'ж', '\u{2028}', '€', '😀', '\u{ffff}',
        ];
        (0..self.below(41)).map(|_| self.pick(CHARACTERS)).collect()
    }

    /// JSON text of one value, with white space and escapes of all kinds; valid but for what is refused on purpose
    /// (keys twice, numbers out of range), which turns up now and then.
    pub(crate) fn json(&mut self, depth: usize) -> String {
        let mut out = String::new();
        self.append_json(depth, &mut out);
        out
    }

    fn append_json(&mut self, depth: usize, out: &mut String) {
        self.append_gap(out);
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => out.push_str(self.pick(&["null", "true", "false"])),
            1 | 2 => self.append_number(out),
            3 | 4 => self.append_string(out),
            5 | 6 => self.append_list(depth, ['[', ']'], false, out),
            _ => self.append_list(depth, ['{', '}'], true, out),
        }
        self.append_gap(out);
    }

    fn append_list(&mut self, depth: usize, brackets: [char; 2], keys: bool, out: &mut String) {
        let count = if self.below(12) == 0 {
            15 + self.below(5)
        } else {
            self.below(5)
        };
        out.push(brackets[0]);
        for at in 0..count {
            if at > 0 {
                out.push(',');
            }
            if keys {
                self.append_gap(out);
                self.append_string(out);
                self.append_gap(out);
                out.push(':');
            }
            self.append_json(depth - 1, out);
        }
        if count == 0 {
            self.append_gap(out);
        }
        out.push(brackets[1]);
    }

    fn append_gap(&mut self, out: &mut String) {
        if self.below(4) == 0 {
            out.push_str(self.pick(&[" ", "\n", "\t", "\r\n", "  "]));
        }
    }

    fn append_number(&mut self, out: &mut String) {
        let digits = self.number() >> self.below(64);
        let written = match self.below(8) {
            0 => write!(out, "{:?}", f64::from_bits(self.number() & !(1 << 62))),
            1 => write!(out, "{}.{}", digits % 1000, self.number() % 1000),
            2 => write!(out, "{}e{}", digits % 1000, self.below(400)),
            3 => write!(out, "-{digits}"),
            4 => write!(
                out,
                "{}",
                self.pick(&["0", "-0", "9007199254740992", "-9007199254740992", "1E+2", "0.0e-9"])
            ),
            _ => write!(out, "{}", digits >> 11),
        };
        written.expect("writing to memory does not fail");
    }

    fn append_string(&mut self, out: &mut String) {
        out.push('"');
        for character in self.text().chars() {
            match (character, self.below(4)) {
                ('"' | '\\', _) => out.extend(['\\', character]),
                ('/', 0) => out.push_str("\\/"),
                ('\0'..='\u{1f}', _) | (_, 0) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(out, "\\u{unit:04X}").expect("writing to memory does not fail");
                    }
                }
                _ => out.push(character),
            }
        }
        out.push('"');
    }
}
