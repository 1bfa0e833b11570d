//! Embeds the JavaScript SDK that the page at `/` uses, where `scripts/page.sh` has fetched it. Without it the program builds too, and the
//! page says what is missing.

use std::{env, fs, path::Path};

const SCRIPT: &str = "web/node_modules/centrifuge/dist/centrifuge.js";
const LICENSE: &str = "web/node_modules/centrifuge/LICENSE";

fn main() {
    println!("cargo:rerun-if-changed=web");
    let folder = env::var_os("OUT_DIR").expect("cargo names the folder for what is built");
    let embedded = match (fs::read_to_string(SCRIPT), fs::read_to_string(LICENSE)) {
        // The licence asks for its text in every copy.
        (Ok(script), Ok(license)) => format!("/*!\n{}\n*/\n{script}", license.replace("*/", "* /")),
        _ => String::new(),
    };
    fs::write(Path::new(&folder).join("centrifuge.js"), embedded).expect("the folder for what is built is writable");
}
