//! Embeds the page at `/`: what `scripts/page.sh` has built into `web/dist`. Without it the program builds too, and `/` says what is missing.
//!
//! `src/http/page.rs` includes the list that is written here.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

const DIST: &str = "web/dist";
/// What browsers load; everything else in the folder is a compressed form of one of these, or not the page's.
const CONTENT_TYPES: [(&str, &str); 5] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    // Licences of what is in the scripts.
    ("txt", "text/plain; charset=utf-8"),
];

fn main() {
    // The folder itself is always there, so that a build that comes later is seen.
    println!("cargo:rerun-if-changed={DIST}");
    let mut files = files(Path::new(DIST));
    files.sort();
    let list = files.iter().filter_map(|file| asset(file)).collect::<String>();
    let folder = env::var_os("OUT_DIR").expect("cargo names the folder for what is built");
    let list = format!("&[{list}]");
    fs::write(Path::new(&folder).join("built_page.rs"), list).expect("the folder for what is built is writable");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.expect("the page's folder is readable").path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// The file as a `Built`, in Rust.
fn asset(file: &Path) -> Option<String> {
    let extension = file.extension()?.to_str()?;
    let (_, content_type) = CONTENT_TYPES.iter().find(|(known, _)| *known == extension)?;
    let path = file.strip_prefix(DIST).expect("it was found there").to_str()?;
    let hash = Sha256::digest(fs::read(file).expect("a file of the page is readable"));
    let etag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(format!(
        "Built {{ path: {path:?}, content_type: {content_type:?}, etag: {etag:?}, plain: {}, gzip: {}, brotli: {} }},",
        Included(file),
        Maybe(&compressed(file, "gz")),
        Maybe(&compressed(file, "br")),
    ))
}

fn compressed(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// The bytes of a file.
struct Included<'a>(&'a Path);

impl fmt::Display for Included<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = fs::canonicalize(self.0).map_err(|_| fmt::Error)?;
        write!(out, "include_bytes!({path:?})")
    }
}

/// The same where there is one.
struct Maybe<'a>(&'a Path);

impl fmt::Display for Maybe<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.exists() {
            write!(out, "Some({})", Included(self.0))
        } else {
            write!(out, "None")
        }
    }
}
