//! The manual page of the settings, printed out of the table.

use std::fmt::Write as _;

use super::{Applies, SETTINGS, Setting};

const INTRODUCTION: &str = "# Configuration

Printed by `plenum config-doc`; a test keeps this page equal to what the program knows.

Settings come from one TOML file (`plenum serve --config FILE`), from the environment and from the command line. The command
line (`--listen`, `--data`) counts before the environment, the environment before the file, the file before the defaults. In the
environment a setting is called `PLENUM_`, then its section and name in capitals with two underscores in the place of each dot:
`PLENUM_LISTEN`, `PLENUM_AUTH__JWT__HMAC_SECRET`; a list is separated by commas. Unknown keys and unknown `PLENUM_…` variables are
errors. `plenum check-config` checks everything without starting.

A secret can also be read from a file: the key with `_file` at its end names it (`api.key_file`, `PLENUM_API__KEY_FILE`). Secrets
appear in no log and in no error. After SIGHUP the node reads everything again, takes over what is marked *live*, and says what
needs a restart. Tokens may be up to 5 seconds past their end, for clocks that differ.
";

/// The manual page as Markdown.
pub fn manual() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut section = None;
    for setting in SETTINGS {
        let of = setting.key.split_once('.').map_or("", |(section, _)| section);
        if section != Some(of) {
            let title = if of.is_empty() {
                "Top level".to_owned()
            } else {
                format!("`[{of}]`")
            };
            let _ = write!(
                page,
                "\n## {title}\n\n| key | expects | default | applies | meaning |\n|---|---|---|---|---|\n"
            );
            section = Some(of);
        }
        page.push_str(&line(setting));
    }
    page
}

fn line(setting: &Setting) -> String {
    let expected = (setting.expected)();
    let default = setting
        .default
        .map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    let applies = match setting.applies {
        Applies::AtStart => "at start",
        Applies::Live => "live",
    };
    let secret = if setting.is_secret { " (secret)" } else { "" };
    let doc = setting.doc.trim().replace('|', "\\|");
    format!(
        "| `{}` | {expected}{secret} | {default} | {applies} | {doc} |\n",
        setting.key
    )
}
