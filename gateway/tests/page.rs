//! The page at `/`, as browsers get it: its document, its files, what they may keep, and what is said where it was not built.

mod http_kit;

use http_kit::{Answer, Node};

/// The addresses of files that a document loads.
fn loaded(document: &str) -> Vec<&str> {
    document
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .collect()
}

/// The head of an answer to a browser that takes this, in lower case.
fn head(node: &Node, path: &str, header: &str) -> String {
    let request = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n");
    node.raw(&request).to_lowercase()
}

#[track_caller]
fn is_closed_to_others(page: &Answer) {
    let policy = page.header("content-security-policy");
    let nothing_inline = policy.contains("script-src 'self'") && policy.contains("style-src 'self'");
    assert!(
        nothing_inline && !policy.contains("unsafe") && !policy.contains("data:"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    for inline in ["<script>", "<style", "style=", "http://", "https://"] {
        assert!(!page.body.contains(inline), "{inline}: {}", page.body);
    }
}

#[test]
fn the_page_and_its_files_come_from_the_node_alone_and_files_are_kept_for_ever() {
    let node = Node::start();
    let page = node.nobody().get("/");
    assert_eq!(page.status, 200);
    is_closed_to_others(&page);
    if page.body.contains("make page") {
        // Built where there was no Node.js: the page says so, in both languages.
        assert!(
            page.body.contains("Node.js 20.19") && page.body.contains("Установите"),
            "{}",
            page.body
        );
        return;
    }
    // A link into a room is the same page.
    assert_eq!(node.nobody().get("/join/ABCDE-FGHJK").body, page.body);
    assert_eq!(page.header("cache-control"), "no-cache");
    let etag = page.header("etag");
    let known = head(&node, "/", &format!("if-none-match: {etag}"));
    assert!(known.starts_with("http/1.1 304 "), "{known}");
    // A browser puts these headers over those that it has kept.
    assert!(known.contains("script-src 'self'"), "{known}");

    let files = loaded(&page.body);
    assert!(files.iter().any(|file| file.ends_with(".js")) && files.iter().any(|file| file.ends_with(".css")));
    for file in files {
        for (accepts, encoding) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip")] {
            let answer = head(&node, file, &format!("accept-encoding: {accepts}"));
            assert!(
                answer.contains(&format!("content-encoding: {encoding}\r\n")),
                "{file} {accepts}: {answer}"
            );
            assert!(
                answer.contains("cache-control: public, max-age=31536000, immutable\r\n"),
                "{answer}"
            );
            assert!(answer.contains("vary: accept-encoding\r\n"), "{answer}");
            assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
        }
        let plain = head(&node, file, "accept-encoding: identity");
        assert!(!plain.contains("content-encoding"), "{plain}");
    }
}
