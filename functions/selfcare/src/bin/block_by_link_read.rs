//! The Lambda function of `selfcare.block.by-link.read`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::block_by_link_read)
}
