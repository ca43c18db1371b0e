/// The tables, as a list of migrations that only grows.
enum PostgresSchema {
  struct Migration: Sendable {
    var name: String
    var statements: String
  }

  /// How long one statement of a migration may take, and the wait for another program's.
  static let ceiling: Duration = .seconds(60)

  /// The names of the migrations that have not been made. What a newer version has made besides is
  /// its own.
  static func missing(in session: PostgresSession) throws(PostgresFailure) -> [Migration] {
    let hasNames = try session.query("SELECT to_regclass('user_api_migrations')::text").first {
      row throws(PostgresFailure) in try row.textIfAny(0) != nil
    }
    guard hasNames == true else { return Self.migrations }
    let made = try session.query("SELECT name FROM user_api_migrations").map {
      row throws(PostgresFailure) in try row.text(0)
    }
    return Self.migrations.filter { !made.contains($0.name) }
  }

  /// Makes what is missing, each migration in a transaction, while no other program does. The
  /// connection is not used for anything after that, so that the lock and the times end with it.
  static func migrate(
    _ session: PostgresSession, migrations: [Migration] = migrations
  ) throws(PostgresFailure) {
    defer { session.discard() }
    try session.query(
      "SELECT set_config('statement_timeout', $1, false)",
      .text(PostgresSession.milliseconds(Self.ceiling)))
    let keys = PostgresLock.schema.keys
    try session.query("SELECT pg_advisory_lock($1, $2)", keys.0, keys.1)
    try session.query(
      """
      CREATE TABLE IF NOT EXISTS user_api_migrations (
        name text PRIMARY KEY,
        made_at timestamptz NOT NULL DEFAULT now()
      )
      """)
    for migration in try Self.missing(in: session) {
      try session.transaction { () throws(PostgresFailure) in
        try session.script(migration.statements)
        try session.query(
          "INSERT INTO user_api_migrations (name) VALUES ($1)", .text(migration.name))
      }
    }
  }

  // The columns are in the order of SQLite's. Texts are in the order of their bytes wherever the
  // database is, as they are there.

  static let migrations = [
    Migration(
      name: "1-sessions",
      statements: """
        CREATE TABLE whatsapp_sessions (
          id text COLLATE "C" PRIMARY KEY,
          session_name text COLLATE "C" NOT NULL UNIQUE,
          phone_number text,
          user_id text COLLATE "C" NOT NULL UNIQUE,
          status text NOT NULL CHECK (status IN ('CONNECTED', 'DISCONNECTED')),
          created_at timestamptz NOT NULL,
          updated_at timestamptz NOT NULL,
          removal text CHECK (removal IN ('BEGUN', 'UNLINKED'))
        );
        CREATE TABLE whatsapp_groups (
          id text COLLATE "C" PRIMARY KEY,
          group_name text NOT NULL,
          group_id text COLLATE "C" NOT NULL,
          session_id text COLLATE "C" NOT NULL
            REFERENCES whatsapp_sessions (id) ON DELETE CASCADE,
          created_at timestamptz NOT NULL,
          updated_at timestamptz NOT NULL,
          UNIQUE (group_id, session_id)
        );
        CREATE INDEX whatsapp_groups_session_id ON whatsapp_groups (session_id);
        CREATE TABLE message_campaigns (
          id text COLLATE "C" PRIMARY KEY,
          session_id text COLLATE "C" NOT NULL
            REFERENCES whatsapp_sessions (id) ON DELETE CASCADE,
          group_id text COLLATE "C" NOT NULL REFERENCES whatsapp_groups (id) ON DELETE CASCADE,
          title text,
          status text NOT NULL,
          start_date timestamptz NOT NULL,
          end_date timestamptz,
          is_deleted boolean NOT NULL DEFAULT false,
          created_at timestamptz NOT NULL,
          updated_at timestamptz NOT NULL
        );
        CREATE INDEX message_campaigns_group_id ON message_campaigns (group_id);
        CREATE INDEX message_campaigns_session_id ON message_campaigns (session_id);
        """),
    Migration(
      name: "2-tokens",
      statements: """
        CREATE TABLE api_tokens (
          id text COLLATE "C" PRIMARY KEY,
          digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
          user_id text COLLATE "C" NOT NULL,
          role text NOT NULL,
          created_at timestamptz NOT NULL,
          expires_at timestamptz,
          revoked_at timestamptz,
          scopes text,
          last_used_at timestamptz
        );
        """),
    Migration(
      name: "3-announcements",
      statements: """
        -- When a server last told the others that the session has changed.
        ALTER TABLE whatsapp_sessions ADD COLUMN announced_at timestamptz;
        """),
    Migration(
      name: "4-waha-hosts",
      statements: """
        ALTER TABLE whatsapp_sessions
          ADD COLUMN waha_host text COLLATE "C" NOT NULL DEFAULT 'default';
        CREATE INDEX whatsapp_sessions_placed ON whatsapp_sessions (waha_host)
          WHERE status = 'CONNECTED';
        """),
  ]
}
