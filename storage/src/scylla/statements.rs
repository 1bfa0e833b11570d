//! Every statement of this backend, by table, as it is sent. A test prepares all of them on a real server; another one sees that each
//! binds the whole partition key.
//!
//! `:stamp` is the timestamp that follows from a log's seq (see the schema).

use scylla::{client::session::Session, errors::PrepareError, statement::prepared::PreparedStatement};

use super::{profiles::Profiles, server::Server};

/// How a statement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A read of what was acknowledged.
    Read,
    /// A read of what conditional statements left behind.
    Serial,
    /// An idempotent write.
    Write,
    /// A conditional statement.
    Conditional,
    /// A walk through a whole table, page by page, for an export: the only kind that names no partition.
    Scan,
}

/// A prepared statement.
pub(super) struct Statement {
    pub(super) prepared: PreparedStatement,
}

async fn prepare(
    session: &Session,
    profiles: &Profiles,
    server: Server,
    kind: Kind,
    text: &str,
) -> Result<Statement, PrepareError> {
    let mut prepared = session.prepare(server.fill(text)).await?;
    let profile = match kind {
        Kind::Read => &profiles.read,
        Kind::Serial => &profiles.serial,
        Kind::Write => &profiles.write,
        Kind::Conditional => &profiles.conditional,
        Kind::Scan => &profiles.scan,
    };
    prepared.set_execution_profile_handle(Some(profile.clone()));
    // A conditional statement that is sent twice may see its own first try.
    prepared.set_is_idempotent(kind != Kind::Conditional);
    prepared.set_use_cached_result_metadata(kind != Kind::Conditional);
    Ok(Statement { prepared })
}

macro_rules! statements {
    ($($name:ident: $kind:ident $text:literal;)+) => {
        /// All statements, prepared.
        pub(super) struct Statements {
            $(pub(super) $name: Statement,)+
        }

        impl Statements {
            /// Prepares everything. An error means that the tables are not those of this build.
            pub(super) async fn prepare(
                session: &Session,
                profiles: &Profiles,
                server: Server,
            ) -> Result<Self, PrepareError> {
                Ok(Self {
                    $($name: prepare(session, profiles, server, Kind::$kind, $text).await?,)+
                })
            }

            /// Name, kind and text of each.
            #[cfg(test)]
            pub(super) const ALL: &[(&str, Kind, &str)] = &[$((stringify!($name), Kind::$kind, $text),)+];
        }
    };
}

statements! {
    meta: Serial "SELECT value FROM meta WHERE key = ?{timeout}";
    insert_meta: Conditional "INSERT INTO meta (key, value) VALUES (?, ?) IF NOT EXISTS{using}";
    change_meta: Conditional "UPDATE meta{using} SET value = :value WHERE key = :key IF value = :old";

    lease: Serial "SELECT owner, place, term, beat, released FROM leases WHERE name = ?{timeout}";
    first_lease: Conditional "INSERT INTO leases (name, owner, node, place, term, beat, released) \
        VALUES (?, ?, ?, ?, 1, 1, false) IF NOT EXISTS{using}";
    claim_lease: Conditional "UPDATE leases{using} SET owner = :owner, node = :node, place = :place, term = :term, beat = 1, \
        released = false WHERE name = :name IF owner = :from_owner AND term = :from_term AND beat = :from_beat";
    renew_lease: Conditional "UPDATE leases{using} SET beat = :beat WHERE name = :name \
        IF owner = :owner AND term = :term AND beat = :from_beat";
    release_lease: Conditional "UPDATE leases{using} SET released = true WHERE name = :name IF owner = :owner AND term = :term";

    room: Serial "SELECT kind, name, initiator, created_ms, epoch, log_first, members FROM rooms WHERE room = ?{timeout}";
    insert_room: Conditional "INSERT INTO rooms (room, kind, name, initiator, created_ms, epoch, log_first, members) \
        VALUES (?, ?, ?, ?, ?, ?, 1, ?) IF NOT EXISTS{using}";
    begin_log: Conditional "UPDATE rooms{using} SET epoch = :epoch, log_first = :log_first WHERE room = :room \
        IF log_first = :from_log_first";
    insert_room_by_kind: Write "INSERT INTO rooms_by_kind (kind, part, room) VALUES (?, ?, ?){using}";
    rooms_by_kind: Read "SELECT room FROM rooms_by_kind WHERE kind = ? AND part = ? AND room > ? LIMIT ?{timeout}";

    head: Read "SELECT seq, number, time_ms, message_seq, bucket, bucket_first_seq, bucket_first_ms, bucket_rows, bucket_bytes, \
        name, deleted, members_count FROM heads WHERE room = ?{timeout}";
    write_head: Write "INSERT INTO heads (room, seq, number, time_ms, message_seq, bucket, bucket_first_seq, bucket_first_ms, \
        bucket_rows, bucket_bytes, name, deleted, members_count) \
        VALUES (:room, :seq, :number, :time_ms, :message_seq, :bucket, :bucket_first_seq, :bucket_first_ms, \
        :bucket_rows, :bucket_bytes, :name, :deleted, :members_count) USING TIMESTAMP :stamp{and_timeout}";

    insert_entry: Write "INSERT INTO log_entries (room, bucket, seq, number, kind, sender, actor, client, time_ms, created_ms, \
        command_id, reply_to, target, version, deleted, bucket_rows, bucket_bytes, batch_first, effects, body) \
        VALUES (:room, :bucket, :seq, :number, :kind, :sender, :actor, :client, :time_ms, :created_ms, :command_id, :reply_to, \
        :target, :version, :deleted, :bucket_rows, :bucket_bytes, :batch_first, :effects, :body) USING TIMESTAMP :stamp";
    insert_command: Write "INSERT INTO log_entries (room, bucket, seq, sender, time_ms, command_id, target) \
        VALUES (:room, :bucket, :seq, :sender, :time_ms, :command_id, :target) USING TIMESTAMP :stamp AND TTL :ttl";
    edit_entry: Write "UPDATE log_entries USING TIMESTAMP :stamp{and_timeout} SET body = :body, version = :version \
        WHERE room = :room AND bucket = :bucket AND seq = :seq";
    delete_entry: Write "UPDATE log_entries USING TIMESTAMP :stamp{and_timeout} SET body = :body, deleted = true, version = :version \
        WHERE room = :room AND bucket = :bucket AND seq = :seq";
    empty_entry: Write "UPDATE log_entries USING TIMESTAMP :stamp{and_timeout} SET body = :body, deleted = true, effects = :effects \
        WHERE room = :room AND bucket = :bucket AND seq = :seq";
    entry: Read "SELECT seq, number, kind, sender, actor, client, time_ms, created_ms, command_id, reply_to, target, version, deleted, \
        body FROM log_entries WHERE room = ? AND bucket = ? AND seq = ?{timeout}";
    entries_up: Read "SELECT seq, number, kind, sender, actor, client, time_ms, created_ms, command_id, reply_to, target, version, \
        deleted, body FROM log_entries WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq ASC{timeout}";
    entries_down: Read "SELECT seq, number, kind, sender, actor, client, time_ms, created_ms, command_id, reply_to, target, version, \
        deleted, body FROM log_entries WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC{timeout}";
    messages_up: Read "SELECT seq, number, kind, sender, actor, client, time_ms, created_ms, command_id, reply_to, target, version, \
        deleted, body FROM log_entries WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ? AND kind = 1 ORDER BY seq ASC \
        ALLOW FILTERING{timeout}";
    messages_down: Read "SELECT seq, number, kind, sender, actor, client, time_ms, created_ms, command_id, reply_to, target, version, \
        deleted, body FROM log_entries WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ? AND kind = 1 ORDER BY seq DESC \
        ALLOW FILTERING{timeout}";
    entry_version: Read "SELECT kind, version, deleted FROM log_entries WHERE room = ? AND bucket = ? AND seq = ?{timeout}";
    entry_times: Read "SELECT seq, time_ms FROM log_entries WHERE room = ? AND bucket = ? AND seq IN ?{timeout}";
    last_entry: Read "SELECT seq, batch_first FROM log_entries WHERE room = ? AND bucket = ? AND seq > 0 ORDER BY seq DESC LIMIT 1{timeout}";
    entry_tails: Read "SELECT bucket_rows, bucket_bytes, batch_first, effects FROM log_entries \
        WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq ASC{timeout}";
    commands: Read "SELECT seq, sender, time_ms, command_id, target FROM log_entries WHERE room = ? AND bucket = ? AND seq IN ?{timeout}";
    all_commands: Read "SELECT seq, sender, time_ms, command_id, target FROM log_entries WHERE room = ? AND bucket = ? AND seq < 0{timeout}";
    delete_bucket: Write "DELETE FROM log_entries{using} WHERE room = ? AND bucket = ?";

    bucket_at: Serial "SELECT first_seq, bucket, first_ms, last_seq, rows, former FROM buckets_by_seq \
        WHERE room = ? AND grp = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT 1{timeout}";
    buckets_up_to: Serial "SELECT first_seq, bucket, first_ms, last_seq, rows, former FROM buckets_by_seq \
        WHERE room = ? AND grp = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT ?{timeout}";
    buckets_from: Serial "SELECT first_seq, bucket, first_ms, last_seq, rows, former FROM buckets_by_seq \
        WHERE room = ? AND grp = ? AND first_seq >= ? ORDER BY first_seq ASC LIMIT ?{timeout}";
    open_bucket: Conditional "INSERT INTO buckets_by_seq (room, grp, first_seq, bucket, first_ms) VALUES (?, ?, ?, ?, ?) \
        IF NOT EXISTS{using}";
    seal_bucket: Conditional "UPDATE buckets_by_seq{using} SET last_seq = :last_seq, last_ms = :last_ms, rows = :rows, bytes = :bytes \
        WHERE room = :room AND grp = :grp AND first_seq = :first_seq IF bucket = :bucket AND last_seq = null";
    adopt_bucket: Conditional "UPDATE buckets_by_seq{using} SET bucket = :bucket, first_ms = :first_ms, former = :former \
        WHERE room = :room AND grp = :grp AND first_seq = :first_seq IF bucket = :from_bucket AND last_seq = null";
    forget_former: Conditional "UPDATE buckets_by_seq{using} SET former = 0 WHERE room = :room AND grp = :grp \
        AND first_seq = :first_seq IF former = :former";
    delete_bucket_index: Conditional "DELETE FROM buckets_by_seq{using} WHERE room = ? AND grp = ? AND first_seq = ? IF EXISTS";
    bucket_before_time: Read "SELECT first_seq FROM buckets_by_time WHERE room = ? AND grp = ? AND first_ms < ? \
        ORDER BY first_ms DESC, first_seq DESC LIMIT 1{timeout}";
    insert_bucket_time: Write "INSERT INTO buckets_by_time (room, grp, first_ms, first_seq) VALUES (?, ?, ?, ?){using}";
    delete_bucket_time: Write "DELETE FROM buckets_by_time{using} WHERE room = ? AND grp = ? AND first_ms = ? AND first_seq = ?";
    group_before_time: Read "SELECT grp FROM bucket_groups WHERE room = ? AND first_ms < ? ORDER BY first_ms DESC, grp DESC \
        LIMIT 1{timeout}";
    insert_group: Write "INSERT INTO bucket_groups (room, first_ms, grp) VALUES (?, ?, ?){using}";
    insert_purge: Write "INSERT INTO purges (room, last_seq, first_seq) VALUES (?, ?, ?){using}";
    purges: Read "SELECT last_seq, first_seq FROM purges WHERE room = ?{timeout}";
    delete_purge: Write "DELETE FROM purges{using} WHERE room = ? AND last_seq = ?";

    member: Read "SELECT user, role, joined_seq, joined_number, joined_ms, muted_until_ms FROM members \
        WHERE room = ? AND user = ?{timeout}";
    members_in: Read "SELECT user, role, joined_seq, joined_number, joined_ms, muted_until_ms FROM members \
        WHERE room = ? AND user IN ?{timeout}";
    members_after: Read "SELECT user, role, joined_seq, joined_number, joined_ms, muted_until_ms FROM members \
        WHERE room = ? AND user > ? LIMIT ?{timeout}";
    rooms_of_user: Read "SELECT room, role, joined_seq, joined_number, joined_ms, muted_until_ms FROM members_by_user \
        WHERE user = ?{timeout}";
    mute_written: Read "SELECT role, WRITETIME(muted_until_ms) AS written FROM members WHERE room = ? AND user = ?{timeout}";
    insert_member: Write "INSERT INTO members (room, user, role, joined_seq, joined_number, joined_ms, muted_until_ms) \
        VALUES (:room, :user, :role, :joined_seq, :joined_number, :joined_ms, 0) USING TIMESTAMP :stamp";
    insert_member_by_user: Write "INSERT INTO members_by_user (room, user, role, joined_seq, joined_number, joined_ms, \
        muted_until_ms) VALUES (:room, :user, :role, :joined_seq, :joined_number, :joined_ms, 0) \
        USING TIMESTAMP :stamp{and_timeout}";
    change_role: Write "UPDATE members USING TIMESTAMP :stamp SET role = :role WHERE room = :room AND user = :user";
    change_role_by_user: Write "UPDATE members_by_user USING TIMESTAMP :stamp{and_timeout} SET role = :role \
        WHERE user = :user AND room = :room";
    mute_member: Write "UPDATE members USING TIMESTAMP :stamp{and_timeout} SET muted_until_ms = :until_ms \
        WHERE room = :room AND user = :user";
    mute_member_by_user: Write "UPDATE members_by_user USING TIMESTAMP :stamp{and_timeout} SET muted_until_ms = :until_ms \
        WHERE user = :user AND room = :room";
    delete_member: Write "DELETE FROM members USING TIMESTAMP :stamp WHERE room = :room AND user = :user";
    delete_member_by_user: Write "DELETE FROM members_by_user USING TIMESTAMP :stamp{and_timeout} \
        WHERE user = :user AND room = :room";

    mark: Read "SELECT read_seq, read_number, received_seq FROM marks WHERE room = ? AND user = ?{timeout}";
    marks_of_room: Read "SELECT user, read_seq, received_seq FROM marks WHERE room = ?{timeout}";
    marks_of_user: Read "SELECT room, read_seq, read_number, received_seq FROM marks_by_user WHERE user = ?{timeout}";
    mark_read: Write "UPDATE marks USING TIMESTAMP :stamp SET read_seq = :read_seq, read_number = :read_number \
        WHERE room = :room AND user = :user";
    mark_received: Write "UPDATE marks USING TIMESTAMP :stamp SET received_seq = :received_seq WHERE room = :room AND user = :user";
    mark_read_by_user: Write "UPDATE marks_by_user USING TIMESTAMP :stamp SET read_seq = :read_seq, read_number = :read_number \
        WHERE user = :user AND room = :room";
    mark_received_by_user: Write "UPDATE marks_by_user USING TIMESTAMP :stamp SET received_seq = :received_seq \
        WHERE user = :user AND room = :room";
    delete_mark: Write "DELETE FROM marks USING TIMESTAMP :stamp WHERE room = :room AND user = :user";
    delete_mark_by_user: Write "DELETE FROM marks_by_user USING TIMESTAMP :stamp{and_timeout} WHERE user = :user AND room = :room";

    direct_room: Serial "SELECT room FROM direct_rooms WHERE low = ? AND high = ?{timeout}";
    claim_direct_room: Conditional "INSERT INTO direct_rooms (low, high, room) VALUES (?, ?, ?) IF NOT EXISTS{using}";
    replace_direct_room: Conditional "UPDATE direct_rooms{using} SET room = :room WHERE low = :low AND high = :high \
        IF room = :from_room";
    channel: Serial "SELECT room FROM channels WHERE name = ?{timeout}";
    claim_channel: Conditional "INSERT INTO channels (name, room) VALUES (?, ?) IF NOT EXISTS{using}";

    user: Serial "SELECT user, username, password_hash, origin, role, info, status, created_ms FROM users WHERE user = ?{timeout}";
    insert_user: Conditional "INSERT INTO users (user, username, password_hash, origin, role, info, status, created_ms) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS{using}";
    change_user: Conditional "UPDATE users{using} SET info = :info, status = :status, password_hash = :password_hash, role = :role \
        WHERE user = :user IF EXISTS";
    user_of_name: Serial "SELECT user, claimed_ms FROM users_by_name WHERE name = ?{timeout}";
    claim_name: Conditional "INSERT INTO users_by_name (name, user, claimed_ms) VALUES (?, ?, ?) IF NOT EXISTS{using}";
    take_name: Conditional "UPDATE users_by_name{using} SET user = :user, claimed_ms = :claimed_ms WHERE name = :name \
        IF user = :from_user AND claimed_ms = :from_claimed_ms";
    release_name: Conditional "DELETE FROM users_by_name{using} WHERE name = :name IF user = :user";
    insert_user_name: Write "INSERT INTO user_names (beginning, name, user) VALUES (?, ?, ?){using}";
    names_between: Read "SELECT name, user FROM user_names WHERE beginning = ? AND name >= ? AND name < ? LIMIT ?{timeout}";
    insert_beginning: Write "INSERT INTO user_name_beginnings (part, beginning) VALUES (0, ?){using}";
    beginnings: Read "SELECT beginning FROM user_name_beginnings WHERE part = 0 AND beginning >= ? AND beginning < ?{timeout}";

    auth_session: Serial "SELECT session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, agent FROM auth_sessions \
        WHERE session = ?{timeout}";
    insert_auth_session: Conditional "INSERT INTO auth_sessions (session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, \
        agent) VALUES (?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS{using}";
    refresh_auth_session: Conditional "UPDATE auth_sessions{using} SET refresh_hash = :next, refreshed_ms = :refreshed_ms, \
        expires_ms = :expires_ms WHERE session = :session IF refresh_hash = :presented";
    delete_auth_session: Conditional "DELETE FROM auth_sessions{using} WHERE session = ? IF EXISTS";
    auth_sessions_of: Read "SELECT session FROM auth_sessions_by_user WHERE user = ?{timeout}";
    insert_auth_session_of: Write "INSERT INTO auth_sessions_by_user (user, session) VALUES (?, ?){using}";
    delete_auth_session_of: Write "DELETE FROM auth_sessions_by_user{using} WHERE user = ? AND session = ?";
    refresh_hash: Serial "SELECT session, replaced FROM refresh_hashes WHERE refresh_hash = ?{timeout}";
    insert_refresh_hash: Conditional "INSERT INTO refresh_hashes (refresh_hash, session, replaced) VALUES (?, ?, 0) \
        IF NOT EXISTS{using}";
    replace_refresh_hash: Conditional "UPDATE refresh_hashes{using} SET replaced = :replaced WHERE refresh_hash = :refresh_hash \
        IF replaced = 0";
    delete_refresh_hash: Conditional "DELETE FROM refresh_hashes{using} WHERE refresh_hash = ? IF EXISTS";
    refresh_hashes_of: Read "SELECT replaced, refresh_hash FROM refresh_hashes_by_session WHERE session = ?{timeout}";
    insert_refresh_hash_of: Write "INSERT INTO refresh_hashes_by_session (session, replaced, refresh_hash) VALUES (?, ?, ?){using}";
    delete_refresh_hash_of: Write "DELETE FROM refresh_hashes_by_session{using} WHERE session = ? AND replaced = ?";
    delete_refresh_hashes_of: Write "DELETE FROM refresh_hashes_by_session{using} WHERE session = ?";

    search_state: Read "SELECT revision, indexed_to, state FROM search_rooms WHERE room = ?{timeout}";
    search_state_now: Serial "SELECT revision, indexed_to, state FROM search_rooms WHERE room = ?{timeout}";
    insert_search_state: Conditional "INSERT INTO search_rooms (room, revision, indexed_to, state) VALUES (?, ?, ?, ?) \
        IF NOT EXISTS{using}";
    replace_search_state: Conditional "UPDATE search_rooms{using} SET revision = :revision, indexed_to = :indexed_to, state = :state \
        WHERE room = :room IF revision = :from_revision";
    insert_search_block: Write "INSERT INTO search_blocks (room, segment, key, data) VALUES (?, ?, ?, ?)";
    search_block: Read "SELECT key, data FROM search_blocks WHERE room = ? AND segment = ? AND key <= ? \
        ORDER BY key DESC LIMIT 1{timeout}";
    search_blocks_behind: Read "SELECT key, data FROM search_blocks WHERE room = ? AND segment = ? AND key > ? \
        ORDER BY key ASC LIMIT ?{timeout}";
    delete_search_segment: Write "DELETE FROM search_blocks{using} WHERE room = ? AND segment = ?";
    insert_person_word: Write "INSERT INTO people_words (beginning, word, user) VALUES (?, ?, ?){using}";
    delete_person_word: Write "DELETE FROM people_words{using} WHERE beginning = ? AND word = ? AND user = ?";
    people_between: Read "SELECT user FROM people_words WHERE beginning = ? AND word >= ? AND word < ? LIMIT ?{timeout}";

    invitation: Serial "SELECT code, created_ms FROM invitations WHERE room = ?{timeout}";
    insert_invitation: Conditional "INSERT INTO invitations (room, code, created_ms) VALUES (?, ?, ?) IF NOT EXISTS{using}";
    delete_invitation: Conditional "DELETE FROM invitations{using} WHERE room = :room IF code = :code";
    room_of_code: Serial "SELECT room FROM invitations_by_code WHERE code = ?{timeout}";
    claim_code: Conditional "INSERT INTO invitations_by_code (code, room) VALUES (?, ?) IF NOT EXISTS{using}";
    release_code: Conditional "DELETE FROM invitations_by_code{using} WHERE code = :code IF room = :room";

    user_log: Serial "SELECT DISTINCT user, epoch, head FROM user_logs WHERE user = ?{timeout}";
    begin_user_log: Conditional "UPDATE user_logs{using} SET epoch = :epoch, head = 0 WHERE user = :user IF epoch = null";
    move_user_log: Conditional "UPDATE user_logs SET head = :head WHERE user = :user IF head = :from_head";
    insert_user_entry: Conditional "INSERT INTO user_logs (user, seq, time_ms, body) VALUES (?, ?, ?, ?)";
    user_entries: Serial "SELECT seq, time_ms, body FROM user_logs WHERE user = ? AND seq >= ? AND seq <= ? LIMIT ?{timeout}";

    scan_meta: Scan "SELECT key, value FROM meta{scan_timeout}";
    scan_rooms: Scan "SELECT room FROM rooms{scan_timeout}";
    scan_heads: Scan "SELECT room, seq FROM heads{scan_timeout}";
    scan_users: Scan "SELECT user, username, password_hash, origin, role, info, status, created_ms FROM users{scan_timeout}";
    scan_auth_sessions: Scan "SELECT session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, agent \
        FROM auth_sessions{scan_timeout}";
    scan_direct_rooms: Scan "SELECT low, high, room FROM direct_rooms{scan_timeout}";
    scan_channels: Scan "SELECT name, room FROM channels{scan_timeout}";
    scan_invitations: Scan "SELECT room, code, created_ms FROM invitations{scan_timeout}";
    scan_user_logs: Scan "SELECT DISTINCT user, epoch, head FROM user_logs{scan_timeout}";
    commands_below: Read "SELECT seq, sender, time_ms, command_id, target FROM log_entries \
        WHERE room = ? AND bucket = ? AND seq < ?{timeout}";
    marks_after: Read "SELECT user, read_seq, read_number, received_seq FROM marks WHERE room = ? AND user > ? LIMIT ?{timeout}";

    delete_meta: Conditional "DELETE FROM meta{using} WHERE key = ? IF EXISTS";
    load_meta: Write "INSERT INTO meta (key, value) VALUES (:key, :value) USING TIMESTAMP :stamp";
    load_room: Write "INSERT INTO rooms (room, kind, name, initiator, created_ms, epoch, log_first) \
        VALUES (:room, :kind, :name, :initiator, :created_ms, :epoch, :log_first) USING TIMESTAMP :stamp";
    load_log_first: Write "UPDATE rooms USING TIMESTAMP :stamp SET log_first = :log_first WHERE room = :room";
    load_head_bucket: Write "UPDATE heads USING TIMESTAMP :stamp SET bucket = :bucket, bucket_first_seq = :bucket_first_seq, \
        bucket_first_ms = :bucket_first_ms, bucket_rows = :bucket_rows, bucket_bytes = :bucket_bytes WHERE room = :room";
    load_bucket: Write "INSERT INTO buckets_by_seq (room, grp, first_seq, bucket, first_ms) \
        VALUES (:room, :grp, :first_seq, :bucket, :first_ms) USING TIMESTAMP :stamp";
    load_bucket_end: Write "UPDATE buckets_by_seq USING TIMESTAMP :stamp SET last_seq = :last_seq, last_ms = :last_ms, rows = :rows, \
        bytes = :bytes WHERE room = :room AND grp = :grp AND first_seq = :first_seq";
    load_member: Write "INSERT INTO members (room, user, role, joined_seq, joined_number, joined_ms, muted_until_ms) \
        VALUES (:room, :user, :role, :joined_seq, :joined_number, :joined_ms, :muted_until_ms) USING TIMESTAMP :stamp";
    load_member_by_user: Write "INSERT INTO members_by_user (room, user, role, joined_seq, joined_number, joined_ms, \
        muted_until_ms) VALUES (:room, :user, :role, :joined_seq, :joined_number, :joined_ms, :muted_until_ms) \
        USING TIMESTAMP :stamp";
    load_direct_room: Write "INSERT INTO direct_rooms (low, high, room) VALUES (:low, :high, :room) USING TIMESTAMP :stamp";
    load_channel: Write "INSERT INTO channels (name, room) VALUES (:name, :room) USING TIMESTAMP :stamp";
    load_invitation: Write "INSERT INTO invitations (room, code, created_ms) VALUES (:room, :code, :created_ms) \
        USING TIMESTAMP :stamp";
    load_invitation_code: Write "INSERT INTO invitations_by_code (code, room) VALUES (:code, :room) USING TIMESTAMP :stamp";
    load_user: Write "INSERT INTO users (user, username, password_hash, origin, role, info, status, created_ms) \
        VALUES (:user, :username, :password_hash, :origin, :role, :info, :status, :created_ms) USING TIMESTAMP :stamp";
    load_user_by_name: Write "INSERT INTO users_by_name (name, user, claimed_ms) VALUES (:name, :user, :claimed_ms) \
        USING TIMESTAMP :stamp";
    load_auth_session: Write "INSERT INTO auth_sessions (session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, agent) \
        VALUES (:session, :user, :refresh_hash, :created_ms, :refreshed_ms, :expires_ms, :agent) USING TIMESTAMP :stamp";
    load_refresh_hash: Write "INSERT INTO refresh_hashes (refresh_hash, session, replaced) \
        VALUES (:refresh_hash, :session, :replaced) USING TIMESTAMP :stamp";
    load_user_log: Write "UPDATE user_logs USING TIMESTAMP :stamp SET epoch = :epoch, head = :head WHERE user = :user";
    load_user_entry: Write "INSERT INTO user_logs (user, seq, time_ms, body) VALUES (:user, :seq, :time_ms, :body) \
        USING TIMESTAMP :stamp";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of each table's partition key, from the schema.
    fn partition_keys() -> Vec<(String, Vec<String>)> {
        let schema = concat!(include_str!("schema.cql"), include_str!("invitations.cql"));
        let tables = schema.split("CREATE TABLE ").skip(1);
        tables
            .map(|table| {
                let name = table.split_whitespace().next().unwrap_or_default().to_owned();
                let key = match table.split_once("PRIMARY KEY (") {
                    Some((_, key)) if key.starts_with('(') => key[1..].split(')').next().unwrap_or_default().to_owned(),
                    Some((_, key)) => key.split([',', ')']).next().unwrap_or_default().to_owned(),
                    None => {
                        let line = table
                            .lines()
                            .find(|line| line.contains("PRIMARY KEY"))
                            .unwrap_or_default();
                        line.split_whitespace().next().unwrap_or_default().to_owned()
                    }
                };
                (name, key.split(',').map(|column| column.trim().to_owned()).collect())
            })
            .collect()
    }

    #[test]
    fn every_statement_but_a_scan_binds_a_whole_partition_key() {
        let keys = partition_keys();
        for (name, kind, text) in Statements::ALL {
            if *kind == Kind::Scan {
                assert!(text.starts_with("SELECT") && !text.contains(" WHERE "), "{name}");
                continue;
            }
            let after = ["FROM ", "INTO ", "UPDATE "]
                .iter()
                .find_map(|word| text.split_once(word))
                .expect("a table")
                .1;
            let table = after.split([' ', '{', '(']).next().unwrap_or_default();
            let (_, key) = keys
                .iter()
                .find(|(known, _)| known == table)
                .unwrap_or_else(|| panic!("{name}: no {table}"));
            for column in key {
                let condition = text.split_once("WHERE ").map_or("", |(_, rest)| rest);
                let is_bound = if text.starts_with("INSERT") {
                    after.split([',', '(', ')']).any(|word| word.trim() == column)
                } else {
                    condition.contains(&format!("{column} = "))
                };
                assert!(is_bound, "{name} does not bind {column} of {table}");
            }
        }
    }

    #[test]
    fn conditions_stand_in_conditional_statements_and_nowhere_else() {
        for (name, kind, text) in Statements::ALL {
            let has_condition = text.contains(" IF ");
            let is_part_of_a_batch = *name == "insert_user_entry";
            assert_eq!(
                *kind == Kind::Conditional,
                has_condition || is_part_of_a_batch,
                "{name}"
            );
            assert_eq!(
                text.starts_with("SELECT"),
                matches!(kind, Kind::Read | Kind::Serial | Kind::Scan),
                "{name}"
            );
        }
    }

    #[test]
    fn a_read_always_tells_scylladb_how_long_it_waits() {
        for (name, kind, text) in Statements::ALL {
            if matches!(kind, Kind::Read | Kind::Serial) {
                assert!(text.ends_with("{timeout}"), "{name}");
                assert!(Server::ScyllaDb.fill(text).contains(" USING TIMEOUT "), "{name}");
            }
            if *kind == Kind::Scan {
                assert!(text.ends_with("{scan_timeout}"), "{name}");
            }
            assert!(!Server::Cassandra.fill(text).contains("TIMEOUT"), "{name}");
        }
    }
}
