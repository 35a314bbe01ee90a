//! A Kafka and a PostgreSQL that insist on encryption and on knowing who asks, next to those that all other tests
//! share.

use std::path::{Path, PathBuf};
use std::process::Command;

use rdkafka::ClientConfig;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::certificates::{Authority, HERE};

/// Both services, stopped and deleted when this is dropped.
pub struct Services {
    folder: PathBuf,
    secret: String,
    /// Verifies the servers' certificates.
    pub authority: PathBuf,
    /// Verifies nothing that is there.
    pub stranger: PathBuf,
}

/// Three listeners for clients, which differ in their certificates. The one of the broker itself is in plain text.
const BROKER: &str = "
listeners=BROKER://127.0.0.1:@BROKER_PORT@,CONTROLLER://127.0.0.1:@CONTROLLER_PORT@,SECURE://127.0.0.1:@SECURE_PORT@,EXPIRED://127.0.0.1:@EXPIRED_PORT@,ELSEWHERE://127.0.0.1:@ELSEWHERE_PORT@
advertised.listeners=BROKER://127.0.0.1:@BROKER_PORT@,SECURE://localhost:@SECURE_PORT@,EXPIRED://localhost:@EXPIRED_PORT@,ELSEWHERE://localhost:@ELSEWHERE_PORT@
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,EXPIRED:SASL_SSL,ELSEWHERE:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
";

impl Services {
    /// Starts them, empty.
    pub fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("ledgerwell-secure-{}", std::process::id()));
        let settings = folder.join("settings");
        std::fs::create_dir_all(settings.join("postgres")).unwrap();
        let (authority, stranger) =
            (Authority::new(&settings, "authority"), Authority::new(&settings, "stranger"));
        let services = Self {
            authority: authority.certificate(),
            stranger: stranger.certificate(),
            secret: Uuid::new_v4().simple().to_string(),
            folder,
        };
        authority.sign("secure", HERE, 2);
        authority.sign("expired", HERE, -1);
        authority.sign("elsewhere", "DNS:elsewhere.example", 2);
        services.set_kafka(&settings);
        services.set_postgres(&settings);
        let output = services.script("up").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        services
    }

    fn set_kafka(&self, settings: &Path) {
        let listener = |name: &str| {
            let keys = settings.join(format!("{name}.pem"));
            let prefix = format!("listener.name.{name}");
            format!(
                "{prefix}.ssl.keystore.type=PEM\n{prefix}.ssl.keystore.location={}\n{prefix}.scram-sha-512.sasl.jaas.config=\
                 org.apache.kafka.common.security.scram.ScramLoginModule required;\n",
                keys.display()
            )
        };
        let listeners = ["secure", "expired", "elsewhere"].map(listener).concat();
        std::fs::write(settings.join("broker.properties"), format!("{BROKER}{listeners}")).unwrap();
        let user =
            |name| format!("--add-scram\nSCRAM-SHA-512=[name={name},password={}]\n", self.password(name));
        std::fs::write(settings.join("format"), ["admin", "ledgerwell"].map(user).concat()).unwrap();
    }

    fn set_postgres(&self, settings: &Path) {
        for name in ["secure", "expired", "elsewhere"] {
            for kind in ["crt", "key"] {
                let file = format!("{name}.{kind}");
                std::fs::copy(settings.join(&file), settings.join("postgres").join(&file)).unwrap();
            }
        }
        let tls = "\nssl = on\nssl_cert_file = 'secure.crt'\nssl_key_file = 'secure.key'\n";
        std::fs::write(settings.join("postgresql.conf"), tls).unwrap();
        std::fs::write(settings.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        let superuser =
            format!("CREATE ROLE superuser SUPERUSER LOGIN PASSWORD '{}'\n", self.password("superuser"));
        std::fs::write(settings.join("init.sql"), superuser).unwrap();
    }

    /// The password of a user or role, or of nobody: words that occur nowhere else, so that they can be looked for.
    pub fn password(&self, user: &str) -> String {
        format!("geheim-{user}-{}", self.secret)
    }

    /// What all passwords have in common, and nothing else.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// A folder for what a test needs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a listener listens: `secure`, `expired` or `elsewhere`, by the certificate that it shows.
    pub fn kafka(&self, listener: &str) -> String {
        format!("localhost:{}", self.port(&format!("kafka-{listener}")))
    }

    /// The listener of the broker itself, where everything is allowed.
    pub fn inside(&self) -> String {
        format!("127.0.0.1:{}", self.port("kafka"))
    }

    /// A client of Kafka that may do everything.
    pub fn admin(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", self.kafka("secure"))
            .set("security.protocol", "SASL_SSL")
            .set("sasl.mechanism", "SCRAM-SHA-512")
            .set("sasl.username", "admin")
            .set("sasl.password", self.password("admin"))
            .set("ssl.ca.location", self.authority.display().to_string());
        client
    }

    /// The address of a database, for a role that gives this password.
    pub fn database(&self, role: &str, password: &str, database: &str) -> String {
        let (port, authority) = (self.port("postgres"), self.authority.display());
        format!(
            "postgres://{role}:{password}@localhost:{port}/{database}?sslmode=verify-full&sslrootcert={authority}"
        )
    }

    /// A connection of this role to a database.
    pub async fn connect(&self, role: &str, database: &str) -> PgConnection {
        PgConnection::connect(&self.database(role, &self.password(role), database)).await.unwrap()
    }

    fn port(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join("services/port").join(name)).unwrap().trim().to_owned()
    }

    fn script(&self, command: &str) -> Command {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services"));
        script
            .args(command.split(' '))
            .env("LEDGERWELL_SERVICES", self.folder.join("services"))
            .env("LEDGERWELL_SERVICES_SETTINGS", self.folder.join("settings"))
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .env_remove("DATABASE_URL");
        script
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let _ = self.script("down --clean").output();
        if std::thread::panicking() {
            eprintln!("kept for a look: {}", self.folder.display());
            return;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
