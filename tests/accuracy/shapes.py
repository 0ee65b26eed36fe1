"""shapes - where secrets stand in logs and in the files of more tools.

Knows:    how these tools write a password or a key: {n}, {N}, {c} is what it
          is called (snake, upper and camel case), {v} the value.
Does not: know values or names; made.py draws them.
"""
import base64

# Kind: forms of a password, and forms of a key.
SHAPES = {
    "log line": (
        ("2026-11-02T10:15:01Z INFO login user=app {n}={v} ip=10.0.0.7\n",
         'level=debug msg="connecting" host=db1 {n}="{v}" retries=3\n',
         "[2026-11-02 10:15:01,123] DEBUG auth.py:42 - {n}: {v}\n",
         "ERROR could not connect with {n}={v}: timed out\n",
         '{{"level":"info","ts":1762077301,"msg":"init","{n}":"{v}"}}\n',
         "Nov  2 10:15:01 web1 app[812]: config {{'{n}': '{v}', 'tls': True}}\n"),
        None),
    "header in a log": (
        None,
        ("> Authorization: Bearer {v}\n> Accept: */*\n",
         "DEBUG send: b'GET /v1 HTTP/1.1\\r\\nX-Api-Key: {v}\\r\\n'\n",
         '"headers": {{"authorization": "Bearer {v}", "accept": "*/*"}}\n',
         "headers={{'X-Auth-Token': '{v}', 'User-Agent': 'py'}}\n",
         "proxy_set_header X-Api-Key {v};\n",
         'request.Headers.Add("Authorization", "Bearer {v}");\n')),
    "basic header": (
        (("Authorization: Basic {v}\r\n", "app:"),
         ('"Authorization": "Basic {v}"', "bob:"),
         ("curl -H 'Authorization: Basic {v}' https://x.example\n", "ci:")),
        None),
    "XML attribute": (
        ('<dataSource url="jdbc:db" username="app" {c}="{v}"/>\n',
         "<bean><property name='{c}' value='{v}'/></bean>\n",
         '<entry key="{n}">{v}</entry>\n',
         "<server><id>repo</id><username>ci</username>"
         "<password>{v}</password></server>\n",
         '<Setting Name="{N}" Value="{v}" />\n',
         '<string name="{n}">{v}</string>\n'),
        None),
    "query string": (
        ("POST /login HTTP/1.1\r\n\r\nuser=bob&password={v}&remember=1",
         "https://x.example/login?user=bob&passwd={v}#top"),
        ("GET /v1/items?api_key={v}&page=2 HTTP/1.1\" 200 512\n",
         "https://x.example/hook?token={v}&a=1",
         "callback?code=4&client_secret={v}&state=xyz\n",
         '10.0.0.7 - - [02/Nov/2026:10:15:01] "GET /a?access_token={v} '
         'HTTP/1.1" 200 12\n')),
    "Kubernetes secret": (
        (("apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\n"
          "data:\n  password: {v}\n", ""),
         ("kind: Secret\napiVersion: v1\ndata:\n  username: YXBw\n"
          "  password: {v}\n", ""),
         '{{"kind":"Secret","apiVersion":"v1","stringData":{{"password":"{v}"}}}}',
         "kind: Secret\nstringData:\n  DB_PASSWORD: {v}\n"),
        (("kind: Secret\nmetadata:\n  name: api\ndata:\n  API_KEY: {v}\n",
          ""),)),
    "docker-compose": (
        ("services:\n  db:\n    image: db:5\n    environment:\n"
         "      - POSTGRES_USER=app\n      - POSTGRES_PASSWORD={v}\n",
         "    environment:\n      MYSQL_ROOT_PASSWORD: {v}\n",
         '    environment:\n      - "{N}={v}"\n',
         "    command: redis-server --requirepass {v}\n"),
        ("    environment:\n      - {N}={v}\n      - DEBUG=0\n",
         "    environment:\n      {N}: '{v}'\n")),
    "netrc, npmrc, pypirc": (
        ("machine api.example.com login bob password {v}\n",
         "machine git.example.com\n  login bob\n  password {v}\n",
         "[pypi]\nusername = bob\npassword = {v}\n",
         "[distutils]\nindex-servers = x\n[x]\nrepository: https://x.example\n"
         "username: bob\npassword: {v}\n"),
        ("//registry.example.com/:_authToken={v}\n",
         "registry=https://r.example\n_auth={v}\nalways-auth=true\n",
         "//npm.pkg.example.com/:_authToken=\"{v}\"\n",
         "[registries.x]\ntoken = \"{v}\"\n")),
    "git remote": (
        ('[remote "origin"]\n\turl = https://bob:{v}@git.example.com/a/b.git\n',
         "origin\thttps://ci:{v}@git.example.com/x.git (fetch)\n",
         "git clone https://oauth2:{v}@git.example.com/x.git\n"), None),
    "Ansible, Helm": (
        ("ansible_become_pass: {v}\n",
         "web1 ansible_host=10.0.0.4 ansible_user=ops ansible_password={v}\n",
         "- name: user\n  mysql_user:\n    name: app\n    password: \"{v}\"\n",
         "auth:\n  rootPassword: \"{v}\"\n  database: app\n",
         "helm install db x/db --set auth.password={v} --wait\n",
         "postgresql:\n  auth:\n    postgresPassword: {v}\n"), None),
    "Spring, systemd": (
        ("spring:\n  datasource:\n    username: app\n    password: {v}\n",
         "spring.rabbitmq.password={v}\n",
         "server.ssl.key-store-password={v}\n",
         "[Service]\nEnvironment=\"DB_PASSWORD={v}\"\n",
         "[Service]\nEnvironment=DB_PASSWORD={v} DEBUG=1\n"),
        ("[Service]\nEnvironment=\"{N}={v}\" \"DEBUG=1\"\n",
         "management.metrics.export.api-key={v}\n")),
    "PowerShell, registry": (
        ("$pw = ConvertTo-SecureString '{v}' -AsPlainText -Force\n",
         '$password = "{v}"\n', "$env:DB_PASSWORD = '{v}'\n",
         'New-LocalUser -Name bob -Password (ConvertTo-SecureString "{v}" '
         "-AsPlainText -Force)\n", "net use Z: \\\\srv\\x /user:bob {v}\n",
         '[HKEY_LOCAL_MACHINE\\SOFTWARE\\X]\n"DefaultPassword"="{v}"\n',
         "setx DB_PASSWORD \"{v}\"\n"),
        ("$headers = @{{ 'X-Api-Key' = '{v}' }}\n", "$env:{N}=\"{v}\"\n")),
    "Postman": (
        ('{{"key":"password","value":"{v}","type":"string"}}',
         '{{"basic":[{{"key":"password","value":"{v}"}}]}}',
         '{{"name":"db_password","value":"{v}","enabled":true}}'),
        ('{{"key":"{n}","value":"{v}","enabled":true}}',
         '{{"bearer":[{{"key":"token","value":"{v}","type":"string"}}]}}',
         '{{"key":"X-Api-Key","value":"{v}"}}',
         '{{\n  "key": "{c}",\n  "value": "{v}",\n  "type": "secret"\n}}')),
}


def shapes(m, draw_password, draw_key, names, camel, each):
    """each records of every kind; values where a form has room for them."""
    for kind, both in SHAPES.items():
        for i in range(each):
            at = i % 2 if both[0] and both[1] else 0 if both[0] else 1
            form = both[at][i // 2 % len(both[at])]
            value = (draw_key if at else draw_password)(m.r)
            value = "".join(c for c in value if c not in "&#?%\"'`:/@$;=")
            if isinstance(form, tuple):
                form, head = form
                value = base64.b64encode((head + value).encode()).decode()
            name = m.r.choice(names[at])
            m.add("secret in " + kind, form, value, n=name, N=name.upper(),
                  c=camel(name))
