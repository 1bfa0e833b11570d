//! Codes of invitations: ten random characters of Crockford base 32 (<https://www.crockford.com/base32.html>), 50 bits, shown in two groups.
//! Whoever reads one aloud or types it off a screen need not care for case, dashes, or whether it is an O or a zero.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 10;
const GROUP: usize = 5;

/// A new code, as it is stored.
///
/// # Panics
/// When the operating system has no randomness to give.
pub(crate) fn generate() -> String {
    let random = getrandom::u64().expect("the operating system gives randomness");
    let digits = (0..CHARACTERS).map(|place| ALPHABET[(random >> (5 * place)) as usize & 31]);
    digits.map(char::from).collect()
}

/// A stored code as people see it.
pub(crate) fn shown(code: &str) -> String {
    match code.split_at_checked(GROUP) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// What somebody typed, as it would be stored; None: no code looks like that.
pub(crate) fn read(typed: &str) -> Option<String> {
    // Nobody needs longer to write one.
    if typed.len() > 8 * CHARACTERS {
        return None;
    }
    let typed = typed.trim().chars().filter(|character| !matches!(character, '-' | ' '));
    let code: String = typed.map(digit).collect::<Option<_>>()?;
    (code.len() == CHARACTERS).then_some(code)
}

fn digit(typed: char) -> Option<char> {
    let digit = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET
        .iter()
        .any(|known| char::from(*known) == digit)
        .then_some(digit)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_written() {
        let code = generate();
        let seen = shown(&code);
        assert_eq!((code.len(), seen.len()), (10, 11));
        let spelled = [
            code.clone(),
            seen.clone(),
            seen.to_lowercase(),
            seen.replace('-', " "),
            format!(" {seen}\n"),
        ];
        for typed in spelled {
            assert_eq!(read(&typed).as_ref(), Some(&code), "{typed:?}");
        }
        assert_eq!(read("o1lI0-abcde").as_deref(), Some("01110ABCDE"));
    }

    #[test]
    fn what_no_code_looks_like_is_none() {
        let long = "0".repeat(10_000);
        for typed in [
            "",
            "-",
            "12345",
            "12345-6789",
            "12345-678900",
            "U2345-67890",
            "12345_67890",
            "١٢٣٤٥٦٧٨٩٠",
            &long,
        ] {
            assert_eq!(read(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn codes_do_not_repeat_and_use_the_whole_alphabet() {
        let codes: HashSet<String> = (0..1_000).map(|_| generate()).collect();
        assert_eq!(codes.len(), 1_000);
        let used: HashSet<char> = codes.iter().flat_map(|code| code.chars()).collect();
        assert_eq!(used.len(), 32);
    }
}
