//! Where a search goes on. A cursor belongs to one person and one search; what somebody makes up, or takes from another
//! search, is refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{Error, ErrorCode, RoomId};
use sha2::{Digest as _, Sha256};
use storage::search::Position;

use super::Params;
use crate::Caller;

/// Time, room, seq.
const PLACE_BYTES: usize = 24;
const CHECK_BYTES: usize = 8;

/// Writes and reads the cursors of one person's search.
pub(super) struct SearchCursor {
    /// The search, hashed so far.
    search: Sha256,
}

impl SearchCursor {
    /// The cursors of this search.
    pub(super) fn new(caller: &Caller, params: &Params) -> Self {
        let mut search = Sha256::new();
        let fields = [
            caller.user.as_str(),
            &params.q,
            params.kinds.as_deref().unwrap_or_default(),
            params.chat_id.as_deref().unwrap_or_default(),
        ];
        for field in fields {
            search.update((field.len() as u64).to_be_bytes());
            search.update(field);
        }
        Self { search }
    }

    fn check(&self, place: &[u8]) -> [u8; CHECK_BYTES] {
        let hash = self.search.clone().chain_update(place).finalize();
        *hash.first_chunk().unwrap_or(&[0; CHECK_BYTES])
    }

    /// The text of a place.
    pub(super) fn text(&self, position: Position) -> String {
        let mut bytes = Vec::with_capacity(PLACE_BYTES + CHECK_BYTES);
        bytes.extend_from_slice(&position.time_ms.to_be_bytes());
        bytes.extend_from_slice(&position.room.key().to_be_bytes());
        bytes.extend_from_slice(&position.seq.to_be_bytes());
        bytes.extend_from_slice(&self.check(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Self::text`] wrote.
    ///
    /// # Errors
    /// `BadRequest`.
    pub(super) fn parse(&self, text: &str) -> Result<Position, Error> {
        let bad = || Error::new(ErrorCode::BadRequest, "cursor: not one of this search");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let (place, check) = bytes.split_first_chunk::<PLACE_BYTES>().ok_or_else(bad)?;
        if check != self.check(place) {
            return Err(bad());
        }
        let [time, room, seq] = [0, 8, 16].map(|at| {
            let mut number = [0; 8];
            number.copy_from_slice(&place[at..at + 8]);
            number
        });
        Ok(Position {
            time_ms: i64::from_be_bytes(time),
            room: RoomId::from_key(i64::from_be_bytes(room)),
            seq: u64::from_be_bytes(seq),
        })
    }
}
