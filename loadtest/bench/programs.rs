//! Where the programs are that the bench starts: beside itself, as one build puts them.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) plenum: PathBuf,
    pub(crate) simulator: PathBuf,
    pub(crate) floor: PathBuf,
    /// The measurement of stores.
    pub(crate) measure: PathBuf,
    /// The script that starts a CQL server: of the checkout in which the bench runs.
    pub(crate) cql: PathBuf,
    /// Not ours, and not everywhere.
    pub(crate) nginx: Option<PathBuf>,
    /// The module of nginx that carries WebSocket audiences.
    pub(crate) nchan: Option<PathBuf>,
}

/// Where Debian and others put nginx and its modules.
const NGINX: [&str; 3] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
const NCHAN: [&str; 3] = [
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/lib64/nginx/modules/ngx_nchan_module.so",
    "/usr/local/lib/nginx/modules/ngx_nchan_module.so",
];

impl Programs {
    /// Beside the bench itself, examples in their folder.
    pub(crate) fn find() -> Outcome<Self> {
        let own = std::env::current_exe()?;
        let folder = own.parent().unwrap_or(Path::new("."));
        Ok(Self {
            plenum: folder.join("plenum"),
            simulator: folder.join("plenum-loadtest"),
            floor: folder.join("plenum-floor"),
            measure: folder.join("examples/measure"),
            cql: "scripts/cql.sh".into(),
            nginx: first_of(&NGINX),
            nchan: first_of(&NCHAN),
        })
    }
}

/// The program's path, or how to get it.
pub(crate) fn built(program: &Path) -> Outcome<&Path> {
    if program.exists() {
        return Ok(program);
    }
    Err(Failure::new(format!(
        "{} is not there: `make bench` builds everything, in its checkout",
        program.display()
    )))
}

fn first_of(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(PathBuf::from).find(|path| path.exists())
}
