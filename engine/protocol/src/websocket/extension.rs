//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455 section 9.1), as far as names, parameters and quoted values go.

/// One offered or accepted extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extension<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: Vec<Parameter<'a>>,
}

/// One parameter; a quoted value is given without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<&'a str>,
}

/// The extensions of one header line in order; a malformed one is `None`, and does not spoil its neighbours.
pub(super) fn parse_extensions(line: &str) -> impl Iterator<Item = Option<Extension<'_>>> {
    split_unquoted(line, ',')
        .filter(|part| !part.is_empty())
        .map(parse_extension)
}

fn parse_extension(part: &str) -> Option<Extension<'_>> {
    let mut pieces = split_unquoted(part, ';');
    let name = pieces.next().filter(|name| is_token(name))?;
    let parameters = pieces.map(parse_parameter).collect::<Option<_>>()?;
    Some(Extension { name, parameters })
}

fn parse_parameter(piece: &str) -> Option<Parameter<'_>> {
    let Some((name, value)) = piece.split_once('=') else {
        return is_token(piece).then_some(Parameter {
            name: piece,
            value: None,
        });
    };
    let (name, value) = (name.trim_matches(BLANKS), value.trim_matches(BLANKS));
    // What is inside of quotes must be a token too, so an escape in it never means anything but nonsense.
    let value = value
        .strip_prefix('"')
        .map_or(Some(value), |inner| inner.strip_suffix('"'))?;
    (is_token(name) && is_token(value)).then_some(Parameter {
        name,
        value: Some(value),
    })
}

const BLANKS: [char; 2] = [' ', '\t'];

fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    });
    parts.map(|part| part.trim_matches(BLANKS))
}

/// A token of RFC 9110 section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The elements of a comma-separated header line.
pub(super) fn elements(line: &str) -> impl Iterator<Item = &str> {
    line.split(',')
        .map(|element| element.trim_matches(BLANKS))
        .filter(|element| !element.is_empty())
}
