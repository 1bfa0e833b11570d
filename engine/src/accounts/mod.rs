//! What accounts are made of: user names, password hashes, the brakes on guessing, refresh tokens, invitation codes, guests.
//!
//! The functions of accounts and `plenum user add` call it. It knows no store and no request.

mod budget;
pub(crate) mod code;
pub(crate) mod guest;
mod password;
mod throttle;
mod token;
pub mod username;

pub(crate) use budget::Budget;
pub use password::Passwords;
pub(crate) use throttle::Throttle;
pub(crate) use token::RefreshToken;

/// What hashing a password costs. By default what OWASP's password storage cheat sheet asks of Argon2id:
/// 19 MiB, 2 passes, 1 lane.
#[derive(Debug, Clone, Copy)]
pub struct PasswordCost {
    /// Memory in KiB; at least 8.
    pub memory_kib: u32,
    /// Passes over it; at least 1.
    pub passes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}
