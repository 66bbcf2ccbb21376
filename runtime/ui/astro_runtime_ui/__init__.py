"""What Runtime adds to Airflow's web server: a menu with links to Astronomer's resources, and the image's tag on every page.

One source for Airflow 2.2 to 2.8. Every component of Airflow imports the plugin, but only the web server needs `web`, which
imports Flask.
"""
