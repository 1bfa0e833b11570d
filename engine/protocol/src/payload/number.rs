//! Number literals of JSON text (RFC 8259, section 6), kept to what every reader understands alike.

use super::{INTEGER_MAX, PayloadError};

/// Digits up to which an integer is below 2^53 whatever they are.
const SAFE_DIGITS: usize = 15;
/// Characters up to which a number without exponent is below the largest double, about 1.8e308.
const FINITE_CHARACTERS: usize = 300;

/// What a literal stands for in an encoding that tells integers from other numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// Within ±2^53.
    Integer(i64),
    /// Finite. Also `-0`, which no integer can say.
    Double(f64),
}

/// Checks the literal at `start` and gives the place after it.
pub(super) fn skip(text: &str, start: usize) -> Result<usize, PayloadError> {
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
    if end == whole_end {
        integer_in_range(&text[whole..end])?;
    } else if exponent || end - start > FINITE_CHARACTERS {
        double(&text[start..end])?;
    }
    Ok(end)
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

fn integer_in_range(digits: &str) -> Result<(), PayloadError> {
    let small = digits.len() <= SAFE_DIGITS || digits.parse().is_ok_and(|integer: u64| integer <= INTEGER_MAX);
    if small {
        Ok(())
    } else {
        Err(PayloadError::NumberOutOfRange)
    }
}

fn double(literal: &str) -> Result<f64, PayloadError> {
    literal
        .parse()
        .ok()
        .filter(|double: &f64| double.is_finite())
        .ok_or(PayloadError::NumberOutOfRange)
}

/// The value of a literal that [`skip`] has checked.
pub(super) fn value(literal: &str) -> Result<Number, PayloadError> {
    match literal.parse() {
        Ok(integer) if literal != "-0" => Ok(Number::Integer(integer)),
        _ => double(literal).map(Number::Double),
    }
}
