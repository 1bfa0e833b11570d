//! Where the programs are that the bench starts: beside itself, as one build puts them.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) plenum: PathBuf,
    pub(crate) simulator: PathBuf,
    pub(crate) floor: PathBuf,
    pub(crate) append_rate: PathBuf,
    pub(crate) newest_page: PathBuf,
    pub(crate) search_latency: PathBuf,
    pub(crate) people_latency: PathBuf,
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
        let examples = folder.join("examples");
        Ok(Self {
            plenum: folder.join("plenum"),
            simulator: folder.join("plenum-loadtest"),
            floor: folder.join("plenum-floor"),
            append_rate: examples.join("append_rate"),
            newest_page: examples.join("newest_page"),
            search_latency: examples.join("search_latency"),
            people_latency: examples.join("people_latency"),
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
        "{} is not built: `make bench` builds everything",
        program.display()
    )))
}

fn first_of(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(PathBuf::from).find(|path| path.exists())
}
