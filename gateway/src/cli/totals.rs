//! What an export holds, as a table: kind, number, hash.

use storage::dump::{Manifest, RecordKind};

pub(super) fn print(manifest: &Manifest) {
    for kind in RecordKind::ALL {
        let total = manifest.totals.of(kind);
        println!("{:<12} {:>12}  {}", kind.name(), total.records, total.hash);
    }
}
