//! Puts what was measured between two marks of a document; everything else of it stays as it is.

use std::{fs, io, path::Path};

const BEGIN: &str = "<!-- measured -->";
const END: &str = "<!-- /measured -->";

/// Replaces what stands between the marks. Without marks it goes to the end, between new ones; without a file there is
/// one afterwards.
///
/// # Errors
/// When the file can't be read or written, or has one mark only.
pub(crate) fn replace(path: &Path, measured: &str) -> io::Result<()> {
    let old = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let new = replaced(&old, measured).ok_or_else(|| {
        let words = format!("it has one of the marks {BEGIN} and {END}, or the second before the first");
        io::Error::new(io::ErrorKind::InvalidData, words)
    })?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, new)?;
    fs::rename(beside, path)
}

fn replaced(old: &str, measured: &str) -> Option<String> {
    let part = format!("{BEGIN}\n\n{}\n\n{END}", measured.trim());
    match (old.find(BEGIN), old.find(END)) {
        (Some(begin), Some(end)) if begin < end => Some(format!("{}{part}{}", &old[..begin], &old[end + END.len()..])),
        (None, None) if old.is_empty() => Some(part + "\n"),
        (None, None) => Some(format!("{}\n\n{part}\n", old.trim_end())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let old = "# Title\n\n<!-- measured -->\nold\nfigures\n<!-- /measured -->\n\n## What was learned\n";
        let new = replaced(old, "new\n").expect("marks");
        assert_eq!(
            new,
            "# Title\n\n<!-- measured -->\n\nnew\n\n<!-- /measured -->\n\n## What was learned\n"
        );
        assert_eq!(replaced(&new, "new").as_ref(), Some(&new), "again changes nothing");
    }

    #[test]
    fn a_document_without_marks_gets_them_and_a_torn_one_is_left_alone() {
        let marked = "<!-- measured -->\n\nnew\n\n<!-- /measured -->\n";
        assert_eq!(replaced("", "new").as_deref(), Some(marked));
        assert_eq!(replaced("# Title\n", "new"), Some(format!("# Title\n\n{marked}")));
        assert_eq!(replaced("<!-- measured -->\nold", "new"), None);
        assert_eq!(replaced("<!-- /measured --><!-- measured -->", "new"), None);
    }

    #[test]
    fn the_file_is_replaced_or_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("performance.md");
        replace(&path, "first").expect("a new file");
        replace(&path, "second").expect("the same file");
        let text = fs::read_to_string(&path).expect("the file");
        assert!(text.contains("second") && !text.contains("first"), "{text}");
    }
}
