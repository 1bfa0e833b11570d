//! From options to tokens.

use std::{fs, path::Path, time::SystemTime};

use super::{ArgumentError, RunArguments};
use crate::token::Tokens;

/// How much longer than the run signed tokens are valid.
const TOKEN_BEYOND_S: u64 = 24 * 3_600;

impl RunArguments {
    /// The tokens of phones and publisher.
    pub(super) fn tokens(&self) -> Result<Tokens, ArgumentError> {
        if let Some(token) = &self.token {
            return Ok(Tokens::Given(vec![token.0.clone()]));
        }
        if let Some(file) = &self.tokens_file {
            return self.listed(file).map(Tokens::Given);
        }
        let (name, key) = match (&self.hmac_secret, &self.hmac_secret_file) {
            (Some(key), _) => ("hmac_secret", key.0.clone()),
            (None, Some(file)) => ("hmac_secret_file", self.read("hmac_secret_file", file)?),
            (None, None) => return Ok(Tokens::None),
        };
        let key = key.trim_end_matches(['\r', '\n']).to_owned();
        if key.is_empty() {
            return Err(ArgumentError::Empty(self.given.place(name), "the key".to_owned()));
        }
        let now_s = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Ok(Tokens::Signed {
            key,
            expires_at_s: now_s + self.seconds as u64 + TOKEN_BEYOND_S,
        })
    }

    /// The lines of a file.
    fn listed(&self, file: &Path) -> Result<Vec<String>, ArgumentError> {
        let text = self.read("tokens_file", file)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let tokens: Vec<_> = lines.map(str::to_owned).collect();
        if tokens.is_empty() {
            let name = file.display().to_string();
            return Err(ArgumentError::Empty(self.given.place("tokens_file"), name));
        }
        Ok(tokens)
    }

    fn read(&self, key: &str, file: &Path) -> Result<String, ArgumentError> {
        let failed = |error| ArgumentError::File(self.given.place(key), file.display().to_string(), error);
        fs::read_to_string(file).map_err(failed)
    }
}
