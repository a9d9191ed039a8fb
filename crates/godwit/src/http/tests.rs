mod client;
mod documented;
mod logging;
mod requests;
mod serving;
mod shop;
