//! A phone: it opens the room, follows it, and comes back when its connection is gone.
//!
//! One task per phone; what it has received is written into its thread's [`Desk`]. It never publishes.

mod chats;
mod desk;
mod doors;
mod open;
mod place;
mod receive;
mod slow;
mod visit;

pub use chats::{Chats, chats_max};
pub use desk::{Answer, Desk, Faults, Record, Tally};
pub use doors::Doors;
pub use open::connect;
pub use place::{Place, Seen};
pub use slow::SlowReading;
pub use visit::{Away, Crew, Cut, live};
