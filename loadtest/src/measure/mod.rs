//! What is measured beside the messages: times, the machine, processes, and whether the simulator itself keeps up.

mod host;
mod lag;
mod process;
mod scrape;
mod times;

pub use host::{Host, load_average};
pub use lag::measure_lag;
pub use process::{ProcessError, ProcessSample, sample};
pub use scrape::{Scraper, statements};
pub use times::{Percentiles, Times};
