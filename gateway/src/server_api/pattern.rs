//! Patterns of channel names: `*` stands for any characters, also none, `?` for one.

/// Whether the whole name fits the pattern. Takes at most as many steps as pattern times name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut place) = (0, 0);
    // The last star, and the place up to which it has swallowed the name.
    let mut star: Option<(usize, usize)> = None;
    while place < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == name[place] => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star_at, swallowed)) = star else { return false };
                star = Some((star_at, swallowed + 1));
                at = star_at + 1;
                place = swallowed + 1;
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_text_and_everything_else_is_itself() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "news"),
            ("news", "news"),
            ("room:*", "room:abc"),
            ("*:abc", "room:abc"),
            ("a*b*c", "aXbYbZc"),
            ("n?ws", "news"),
            ("**", "x"),
            ("приве*", "привет"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "news"),
            ("news", "new"),
            ("news", "newss"),
            ("room:*", "user:abc"),
            ("a*b", "abc"),
            ("?", ""),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
