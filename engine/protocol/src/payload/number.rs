//! Number literals of JSON text (RFC 8259, section 6), kept to what every reader understands alike.

use super::{INTEGER_MAX, PayloadError};

/// Digits up to which an integer is below 2^53 whatever they are.
const SAFE_DIGITS: usize = 15;
/// Characters up to which a number without exponent is below the largest double, about 1.8e308.
const FINITE_CHARACTERS: usize = 300;

/// A well-formed literal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'a> {
    text: &'a str,
    /// Neither fraction nor exponent.
    integer: bool,
    exponent: bool,
}

/// What a literal stands for in an encoding that tells integers from other numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// Within ±2^53.
    Integer(i64),
    /// Finite. Also `-0`, which no integer can say.
    Double(f64),
}

/// Reads the literal at `start`; gives it and the place after it.
pub(super) fn read(text: &str, start: usize) -> Result<(Literal<'_>, usize), PayloadError> {
    let bytes = text.as_bytes();
    let whole = start + usize::from(bytes[start] == b'-');
    let whole_end = digits(bytes, whole)?;
    if bytes[whole] == b'0' && whole_end > whole + 1 {
        return Err(PayloadError::Malformed);
    }
    let mut end = whole_end;
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    let exponent = matches!(bytes.get(end), Some(b'e' | b'E'));
    if exponent {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        end = digits(bytes, end + 1 + usize::from(sign))?;
    }
    let (text, integer) = (&text[start..end], end == whole_end);
    Ok((
        Literal {
            text,
            integer,
            exponent,
        },
        end,
    ))
}

/// The place after one digit or more.
fn digits(bytes: &[u8], start: usize) -> Result<usize, PayloadError> {
    let count = bytes[start.min(bytes.len())..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if count == 0 {
        Err(PayloadError::Malformed)
    } else {
        Ok(start + count)
    }
}

impl Literal<'_> {
    /// Refuses what some reader would round: integers beyond ±2^53, and what no double can hold.
    pub(super) fn check(self) -> Result<(), PayloadError> {
        if self.integer {
            let digits = self.text.trim_start_matches('-');
            let exact = digits.len() <= SAFE_DIGITS || digits.parse().is_ok_and(|integer: u64| integer <= INTEGER_MAX);
            return if exact {
                Ok(())
            } else {
                Err(PayloadError::NumberOutOfRange)
            };
        }
        if self.exponent || self.text.len() > FINITE_CHARACTERS {
            self.double()?;
        }
        Ok(())
    }

    /// The value. Larger integers, which only the server's own values may have, are rounded as browsers round them.
    pub(super) fn value(self) -> Result<Number, PayloadError> {
        match self.text.parse() {
            Ok(integer) if self.text != "-0" && i64::unsigned_abs(integer) <= INTEGER_MAX => {
                Ok(Number::Integer(integer))
            }
            _ => self.double().map(Number::Double),
        }
    }

    fn double(self) -> Result<f64, PayloadError> {
        let finite = self.text.parse().ok().filter(|double: &f64| double.is_finite());
        finite.ok_or(PayloadError::NumberOutOfRange)
    }
}
