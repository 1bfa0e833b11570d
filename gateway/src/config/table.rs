//! Every setting: name, type, default, when a change takes effect, and what it is for. The only place to add one.
//!
//! The [`Config`] struct, the loader's list of known keys, the reload and the manual page all come out of this table.

use super::{
    BusUrl, Folder, ListenAddress, LogFormat, LogLevel, Names, Origins, Secret, StorageUrl, Text, WebUrl, Whole,
    load::Layers,
    value::{Given, Value},
};

/// When a changed value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// When the node starts.
    AtStart,
    /// At start and after SIGHUP.
    Live,
}

/// One line of the table.
#[derive(Debug)]
pub struct Setting {
    /// The name in the file, with its section: `realtime.open_channels`.
    pub key: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What may stand there.
    pub expected: fn() -> String,
    /// The default as shown in the manual; None: it has none.
    pub default: Option<&'static str>,
    /// Whether the value is never shown and may come from a file named by `…_file`.
    pub is_secret: bool,
    /// When a change takes effect.
    pub applies: Applies,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:literal => $field:ident: $kind:ty = $default:expr, $applies:ident;)*) => {
        /// The whole configuration of a node, checked.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config { $($(#[doc = $doc])+ pub $field: $kind,)* }

        /// The table.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            key: $key,
            doc: concat!($($doc),+),
            expected: <$kind as Value>::expected,
            default: $default,
            is_secret: <$kind as Value>::IS_SECRET,
            applies: Applies::$applies,
        }),*];

        impl Config {
            /// Reads every setting out of the layers; what is wrong is noted there.
            pub(super) fn read(layers: &mut Layers) -> Option<Self> {
                $(let $field: Option<$kind> = layers.take($key, $default);)*
                Some(Self { $($field: $field?,)* })
            }

            /// The settings in which `other` differs.
            pub fn differences(&self, other: &Self) -> Vec<&'static Setting> {
                let differs = [$(self.$field != other.$field),*];
                SETTINGS.iter().zip(differs).filter_map(|(setting, differs)| differs.then_some(setting)).collect()
            }

            /// This configuration with what can change while the node runs taken from `newer`.
            #[must_use]
            pub fn with_live_of(&self, newer: &Self) -> Self {
                Self { $($field: match Applies::$applies {
                    Applies::Live => newer.$field.clone(),
                    Applies::AtStart => self.$field.clone(),
                },)* }
            }

            /// Every key with its value in TOML notation; secrets show nothing.
            pub fn shown(&self) -> Vec<(&'static str, String)> {
                vec![$(($key, self.$field.show())),*]
            }
        }

        impl Default for Config {
            /// What holds when nothing is given.
            fn default() -> Self {
                Self { $($field: default_of($key, $default),)* }
            }
        }
    };
}

/// The default of a setting as a value.
///
/// # Panics
/// When the table's own default is not of the setting's type: a test reads all of them.
fn default_of<T: Value>(key: &str, default: Option<&str>) -> T {
    read_default(default).unwrap_or_else(|| panic!("the default of {key} does not fit its type"))
}

/// Reads the table's default; an absent one is an absent value.
pub(super) fn read_default<T: Value>(default: Option<&str>) -> Option<T> {
    match default {
        Some(text) => T::read(&Given::Text(text.to_owned())),
        None => T::absent(),
    }
}

settings! {
    /// Address and port to listen on: HTTP and every socket. Port 0 takes a free one; the first line on standard output says which.
    "listen" => listen: ListenAddress = Some("127.0.0.1:8080"), AtStart;
    /// Folder for everything that the node keeps; made when it is not there.
    "data" => data: Folder = Some("./data"), AtStart;
    /// The node's name in logs and metrics.
    "node.name" => node_name: Text = Some("plenum"), AtStart;
    /// Threads that carry sockets and HTTP. None: one per processor.
    "node.workers" => node_workers: Option<Whole<1, 512>> = None, AtStart;
    /// The store: a file, or a keyspace of a ScyllaDB or Cassandra cluster with one or more of its servers. None: the file `plenum.db` in the data folder.
    "storage.url" => storage_url: Option<StorageUrl> = None, AtStart;
    /// Who logs in at the CQL servers, where they ask for it.
    "storage.username" => storage_username: Option<Text> = None, AtStart;
    /// The password that goes with it.
    "storage.password" => storage_password: Option<Secret> = None, AtStart;
    /// Copies of everything when the keyspace is created, in each of its data centres. A keyspace that is there stays as it is.
    "storage.replication_factor" => storage_replication_factor: Whole<1, 9> = Some("3"), AtStart;
    /// Data centres that the keyspace is created in. None: the one that the named servers are in.
    "storage.datacenters" => storage_datacenters: Option<Names> = None, AtStart;
    /// How nodes hear of each other; `local` is one node.
    "bus.url" => bus_url: BusUrl = Some("local"), AtStart;
    /// Seconds that an access token from `/login` and `plenum token` lives.
    "auth.access_token_ttl_s" => access_token_ttl_s: Whole<60, 2_592_000> = Some("3600"), AtStart;
    /// Key of an outside identity provider that signs with HS256. Its tokens admit as connection and subscription tokens.
    "auth.jwt.hmac_secret" => jwt_hmac_secret: Option<Secret> = None, Live;
    /// Where an outside identity provider publishes its RS256 and ES256 keys as a JSON Web Key Set.
    "auth.jwt.jwks_url" => jwt_jwks_url: Option<WebUrl> = None, AtStart;
    /// Required `aud` of outside tokens. None: not looked at.
    "auth.jwt.audience" => jwt_audience: Option<Text> = None, Live;
    /// Required `iss` of outside tokens. None: not looked at.
    "auth.jwt.issuer" => jwt_issuer: Option<Text> = None, Live;
    /// Key of the server API under `/api`. None: the server API is off.
    "api.key" => api_key: Option<Secret> = None, Live;
    /// Any connected client may subscribe to, publish to and read any channel whose name is neither `room:…` nor `user:…`. Warns at start.
    "realtime.open_channels" => open_channels: bool = Some("false"), AtStart;
    /// Clients may connect without a token, as the user `""`, for open channels only. Warns at start.
    "realtime.allow_anonymous" => allow_anonymous: bool = Some("false"), AtStart;
    /// Web origins that may connect from a browser. None: the same host. A request without `Origin` passes; `["*"]` lets any pass.
    "realtime.allowed_origins" => allowed_origins: Option<Origins> = None, Live;
    /// Milliseconds that fan-out may gather messages of a busy room for one write. None: grows with the room, from 0 to 100; `0` never waits.
    "realtime.delivery_budget_ms" => delivery_budget_ms: Option<Whole<0, 10_000>> = None, AtStart;
    /// Entries that recovery gives back at most; a client that missed more is told `recovered: false`.
    "realtime.recovery_max_entries" => recovery_max_entries: Whole<0, 1_000_000> = Some("10000"), AtStart;
    /// Seconds that a new socket has for its connect command; then it is closed with 3502.
    "realtime.connect_timeout_s" => connect_timeout_s: Whole<1, 600> = Some("10"), AtStart;
    /// Messages that one session may publish per second; `0`: no limit.
    "limits.publish_per_second" => publish_per_second: Whole<0, 1_000_000> = Some("20"), AtStart;
    /// Bytes of one message. Above: error 107, or 413 over HTTP; a frame of more than four times as much closes the connection with 1009.
    "limits.message_bytes" => message_bytes: Whole<1_024, 16_777_216> = Some("65536"), AtStart;
    /// Connections that the node takes. None: what the descriptor limit of the process allows, less a reserve.
    "limits.connections" => connections: Option<Whole<16, 10_000_000>> = None, AtStart;
    /// Bytes that the kernel may hold for sockets that take no more, before new sockets are refused with 503 (existing ones go on); `0`: no limit. Streams are refused too, and not counted. None: half of what the kernel gives to TCP before it saves memory (the second number of `net.ipv4.tcp_mem`, in pages), or no limit where that can't be read.
    "limits.socket_memory_bytes" => socket_memory_bytes: Option<Whole<0, 1_099_511_627_776>> = None, AtStart;
    /// Seconds that a node has for leaving after SIGTERM; without peers it takes 5 at most.
    "drain.timeout_s" => drain_timeout_s: Whole<1, 3_600> = Some("25"), Live;
    /// What is logged.
    "log.level" => log_level: LogLevel = Some("info"), Live;
    /// How lines of the log look: `text` or `json`. The log goes to standard error.
    "log.format" => log_format: LogFormat = Some("text"), AtStart;
}
