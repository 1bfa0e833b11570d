//! What statements are counted with: the rooms, the calls, the table.

pub mod calls;
pub mod raw;
pub mod rooms;
pub mod table;
