//! The mark of a store into which an import is under way. It stands there from before the first row until every hash
//! agreed; a node refuses to serve a store that carries it.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// The mark's text is none that a version of Plenum writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mark of an import is not readable")]
pub struct MarkError;

/// Which import, and how far it is. Stored as text: `IMPORT FILES [WHY]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportMark {
    /// The id of the export that is being read in.
    pub import: Uuid,
    /// Files of it that are loaded as a whole; the next one may be in part.
    pub files_done: u64,
    /// Why it failed for good, in words: the store is of no use any more.
    pub failed: Option<String>,
}

impl ImportMark {
    /// The key in `meta`; one of the backend's own.
    pub const KEY: &str = "storage/import";
}

impl fmt::Display for ImportMark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.import, self.files_done)?;
        self.failed.as_ref().map_or(Ok(()), |why| write!(out, " {why}"))
    }
}

impl FromStr for ImportMark {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        let mut words = text.splitn(3, ' ');
        let (import, files_done) = words.next().zip(words.next()).ok_or(MarkError)?;
        Ok(Self {
            import: import.parse().map_err(|_| MarkError)?,
            files_done: files_done.parse().map_err(|_| MarkError)?,
            failed: words.next().map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_as_it_was() {
        for failed in [None, Some("two words".to_owned())] {
            let mark = ImportMark {
                import: Uuid::new_v4(),
                files_done: 7,
                failed,
            };
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        assert_eq!("nonsense".parse::<ImportMark>(), Err(MarkError));
        assert_eq!("".parse::<ImportMark>(), Err(MarkError));
    }
}
