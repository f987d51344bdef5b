//! The retaind program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    // One cryptography provider for everything that speaks TLS, before anything can ask for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    retaind::cli::main()
}
