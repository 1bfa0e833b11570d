//! What `plenum serve --demo` says to the person who started it: the page, the guest link for phones, and commands to copy.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use qrcode::{QrCode, render::unicode::Dense1x2};

use crate::http::Demo;

/// Black on white, whatever the terminal's own colours are, and back to them.
const PAPER: [&str; 2] = ["\x1b[30;107m", "\x1b[0m"];
/// An address of the documentation's network: asking for the way there sends nothing.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// Where other machines reach a node that listens here; None: nowhere, or it is not known.
pub(super) fn reachable_at(listening: SocketAddr) -> Option<SocketAddr> {
    let ip = match listening.ip() {
        ip if ip.is_loopback() => return None,
        ip if ip.is_unspecified() => own_address()?,
        ip => ip,
    };
    Some(SocketAddr::new(ip, listening.port()))
}

/// This machine's address in the network that leads elsewhere.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

/// Where this machine reaches it.
fn local(listening: SocketAddr) -> SocketAddr {
    match listening.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listening.port()),
        ip => SocketAddr::new(ip, listening.port()),
    }
}

/// The whole text; on a terminal with a code for phones to scan.
pub(super) fn text(listening: SocketAddr, reachable: Option<SocketAddr>, demo: &Demo, is_terminal: bool) -> String {
    let address = format!("http://{}", local(listening));
    let Demo {
        username,
        password,
        chat_id,
        invitation,
    } = demo;
    let path = &invitation.path;
    let guests = match reachable {
        Some(reachable) => {
            let link = format!("http://{reachable}{path}");
            let code = if is_terminal { picture(&link) } else { String::new() };
            format!("Guests, on their phones too, join it without an account:\n  {link}\n{code}")
        }
        None => format!(
            "Guests join it without an account:\n  {address}{path}\n\
             For phones in the same network, start it with --listen 0.0.0.0:{}\n",
            listening.port()
        ),
    };
    format!(
        r#"
The demo room is open at {address}/  (user {username}, password {password}).
{guests}
Log in:
  TOKEN=$(curl -s {address}/login -H 'content-type: application/json' -d '{{"username":"{username}","password":"{password}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
Listen, and leave it running:
  curl -sN {address}/connection/http_stream -d '{{"id":1,"connect":{{"token":"'$TOKEN'"}}}}
    {{"id":2,"subscribe":{{"channel":"room:{chat_id}"}}}}'
Send:
  curl -s {address}/chats/{chat_id}/messages -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{{"content":"hello"}}'

"#
    )
}

/// A QR code of half-height characters; nothing where the text is too long for one.
fn picture(text: &str) -> String {
    let Ok(code) = QrCode::new(text) else {
        return String::new();
    };
    let rows = code.render::<Dense1x2>().build();
    let [paper, end] = PAPER;
    rows.lines().map(|row| format!("  {paper}{row}{end}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::DemoInvitation;

    fn demo() -> Demo {
        Demo {
            username: "demo".to_owned(),
            password: "demo-password".to_owned(),
            chat_id: "0000000000001".to_owned(),
            invitation: DemoInvitation {
                code: "ABCDE-12345".to_owned(),
                path: "/join/ABCDE-12345".to_owned(),
            },
        }
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn on_loopback_it_says_how_phones_get_in() {
        let listening = address("127.0.0.1:8080");
        let text = text(listening, reachable_at(listening), &demo(), true);
        assert!(text.contains("http://127.0.0.1:8080/join/ABCDE-12345\n"), "{text}");
        assert!(text.contains("--listen 0.0.0.0:8080\n"), "{text}");
        assert!(!text.contains('█'), "{text}");
    }

    #[test]
    fn where_phones_get_in_the_link_names_the_machine_and_a_terminal_shows_its_code() {
        let listening = address("0.0.0.0:8080");
        let reachable = Some(address("192.168.1.5:8080"));
        let on_paper = text(listening, reachable, &demo(), false);
        assert!(
            on_paper.contains("http://192.168.1.5:8080/join/ABCDE-12345\n"),
            "{on_paper}"
        );
        assert!(on_paper.contains("open at http://127.0.0.1:8080/ "), "{on_paper}");
        assert!(
            !on_paper.contains('\x1b') && !on_paper.contains("--listen"),
            "{on_paper}"
        );

        let shown = text(listening, reachable, &demo(), true);
        let rows: Vec<&str> = shown.lines().filter(|line| line.contains(PAPER[0])).collect();
        // 29 modules and the quiet zone on either side, two in a row of text.
        assert_eq!(rows.len(), (29 + 8_usize).div_ceil(2));
        assert!(rows.iter().all(|row| row.ends_with(PAPER[1])));
    }

    #[test]
    fn an_address_that_was_asked_for_is_the_one_to_name() {
        let listening = address("192.168.1.5:8080");
        assert_eq!(reachable_at(listening), Some(listening));
        assert_eq!(reachable_at(address("[::1]:8080")), None);
        if let Some(found) = reachable_at(address("0.0.0.0:8080")) {
            assert!(!found.ip().is_unspecified() && !found.ip().is_loopback());
            assert_eq!(found.port(), 8080);
        }
    }
}
