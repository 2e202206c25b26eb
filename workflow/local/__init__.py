"""The workflow on a laptop: the deployed definition, tasks as local processes, a folder for S3."""
