//! Agreement on permessage-deflate (RFC 7692 section 7.1), from the server's side and from the client's.

use super::extension::{Extension, Parameter, parse_extensions};

/// The smallest window that is agreed on for the server's messages: DEFLATE knows 8 bits, but no common compressor
/// keeps to it, so such an offer is declined.
pub const MIN_WINDOW_BITS: u8 = 9;
/// The largest window DEFLATE knows, 32 KiB.
pub const MAX_WINDOW_BITS: u8 = 15;

const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// What was agreed; the same on both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateParameters {
    /// Each message of the server stands for itself.
    pub server_no_context_takeover: bool,
    /// Each message of the client stands for itself.
    pub client_no_context_takeover: bool,
    /// The server's window is at most 2 to this many bytes; 9 to 15.
    pub server_max_window_bits: u8,
    /// The client's window is at most 2 to this many bytes; 8 to 15.
    pub client_max_window_bits: u8,
}

impl DeflateParameters {
    /// Whether the client can inflate a message that stands for itself, was compressed with a window of 2^`window_bits`
    /// bytes and is `payload_bytes` long when inflated: nothing refers further back than its own start.
    pub const fn server_window_holds(self, window_bits: u8, payload_bytes: usize) -> bool {
        self.server_max_window_bits >= window_bits || payload_bytes <= 1 << self.server_max_window_bits
    }
}

/// What a server wants beyond the client's offer. Asking for no context takeover by the client is what keeps an idle
/// connection without an inflater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflatePolicy {
    /// Promise messages that stand for themselves, which saves the client its window.
    pub server_no_context_takeover: bool,
    /// Demand messages that stand for themselves.
    pub client_no_context_takeover: bool,
    /// The server's own window, 9 to 15 bits.
    pub server_max_window_bits: u8,
    /// The client's window, 9 to 15 bits; only clients that offer the parameter can be asked for less than 15.
    pub client_max_window_bits: u8,
}

impl Default for DeflatePolicy {
    /// Whatever the client offers, with the largest windows.
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_WINDOW_BITS,
            client_max_window_bits: MAX_WINDOW_BITS,
        }
    }
}

/// An accepted offer: the parameters, and how to say so in `Sec-WebSocket-Extensions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeflateAgreement {
    /// For [`super::Decoder`] and [`super::Deflater`].
    pub parameters: DeflateParameters,
    header_value: String,
}

impl DeflateAgreement {
    /// The value of the response's `Sec-WebSocket-Extensions`.
    pub fn header_value(&self) -> &str {
        &self.header_value
    }
}

/// The first offer of permessage-deflate in the request's header lines that is well-formed and can be kept.
pub(super) fn negotiate<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    policy: &DeflatePolicy,
) -> Option<DeflateAgreement> {
    let offers = lines.into_iter().flat_map(parse_extensions).flatten();
    offers
        .filter(is_deflate)
        .filter_map(|offer| Settings::read(&offer, true))
        .find_map(|offer| offer.accept(policy))
}

/// What the server's response means for a client that offered permessage-deflate with `client_max_window_bits` (without
/// a value) and nothing else; `Err` if it is not an answer to that.
pub(super) fn read_response<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    offered: bool,
) -> Result<Option<DeflateParameters>, ()> {
    let mut agreed = None;
    for extension in lines.into_iter().flat_map(parse_extensions) {
        let extension = extension.filter(is_deflate).ok_or(())?;
        let settings = Settings::read(&extension, false).ok_or(())?;
        if !offered || agreed.replace(settings.parameters()).is_some() {
            return Err(());
        }
    }
    Ok(agreed)
}

/// The client's offer that [`read_response`] expects the answer to.
pub(super) const CLIENT_OFFER: &str = "permessage-deflate; client_max_window_bits";

fn is_deflate(extension: &Extension<'_>) -> bool {
    extension.name.eq_ignore_ascii_case(NAME)
}

/// The parameters as written, in an offer or a response.
#[derive(Debug, Default, Clone, Copy)]
struct Settings {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// Without a value it means that the server may choose one.
    client_max_window_bits: Option<u8>,
}

impl Settings {
    /// `None` for an unknown, repeated or malformed parameter (RFC 7692 section 7.1).
    fn read(extension: &Extension<'_>, is_offer: bool) -> Option<Self> {
        let mut settings = Self::default();
        for (index, parameter) in extension.parameters.iter().enumerate() {
            let repeated = extension.parameters[..index]
                .iter()
                .any(|other| same_name(other, parameter));
            if repeated {
                return None;
            }
            settings.set(parameter, is_offer)?;
        }
        Some(settings)
    }

    fn set(&mut self, parameter: &Parameter<'_>, is_offer: bool) -> Option<()> {
        match (parameter.name.to_ascii_lowercase().as_str(), parameter.value) {
            (SERVER_NO_CONTEXT_TAKEOVER, None) => self.server_no_context_takeover = true,
            (CLIENT_NO_CONTEXT_TAKEOVER, None) => self.client_no_context_takeover = true,
            (SERVER_MAX_WINDOW_BITS, Some(value)) => self.server_max_window_bits = Some(window_bits(value)?),
            (CLIENT_MAX_WINDOW_BITS, Some(value)) => self.client_max_window_bits = Some(window_bits(value)?),
            (CLIENT_MAX_WINDOW_BITS, None) if is_offer => self.client_max_window_bits = Some(MAX_WINDOW_BITS),
            _ => return None,
        }
        Some(())
    }

    fn parameters(self) -> DeflateParameters {
        DeflateParameters {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS),
            client_max_window_bits: self.client_max_window_bits.unwrap_or(MAX_WINDOW_BITS),
        }
    }

    /// The server's answer to this offer, or `None` if it demands a window the compressor can't keep to.
    fn accept(self, policy: &DeflatePolicy) -> Option<DeflateAgreement> {
        let offered = self.parameters();
        let parameters = DeflateParameters {
            server_no_context_takeover: offered.server_no_context_takeover || policy.server_no_context_takeover,
            client_no_context_takeover: offered.client_no_context_takeover || policy.client_no_context_takeover,
            server_max_window_bits: offered
                .server_max_window_bits
                .min(policy.server_max_window_bits.clamp(MIN_WINDOW_BITS, MAX_WINDOW_BITS)),
            client_max_window_bits: match self.client_max_window_bits {
                Some(bits) => bits.min(policy.client_max_window_bits.clamp(MIN_WINDOW_BITS, MAX_WINDOW_BITS)),
                None => MAX_WINDOW_BITS,
            },
        };
        if parameters.server_max_window_bits < MIN_WINDOW_BITS {
            return None;
        }
        let header_value = self.answer(parameters);
        Some(DeflateAgreement {
            parameters,
            header_value,
        })
    }

    fn answer(self, agreed: DeflateParameters) -> String {
        let mut value = NAME.to_owned();
        let mut add = |condition: bool, name: &str, bits: Option<u8>| {
            if condition {
                value.push_str("; ");
                value.push_str(name);
                value.extend(bits.map(|bits| format!("={bits}")));
            }
        };
        let (server_bits, client_bits) = (agreed.server_max_window_bits, agreed.client_max_window_bits);
        // An offered limit of the server's window is accepted only by naming it in the answer (section 7.1.2.1).
        let names_server_bits = self.server_max_window_bits.is_some() || server_bits < MAX_WINDOW_BITS;
        add(agreed.server_no_context_takeover, SERVER_NO_CONTEXT_TAKEOVER, None);
        add(agreed.client_no_context_takeover, CLIENT_NO_CONTEXT_TAKEOVER, None);
        add(names_server_bits, SERVER_MAX_WINDOW_BITS, Some(server_bits));
        add(client_bits < MAX_WINDOW_BITS, CLIENT_MAX_WINDOW_BITS, Some(client_bits));
        value
    }
}

fn same_name(one: &Parameter<'_>, other: &Parameter<'_>) -> bool {
    one.name.eq_ignore_ascii_case(other.name)
}

/// A decimal number from 8 to 15 without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok().filter(|bits| (8..=MAX_WINDOW_BITS).contains(bits))?;
    value.starts_with(|first| matches!(first, '1'..='9')).then_some(bits)
}
